package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/**
 * Two buffers of pinned host memory for all copies; one is filled while the other is copied. (The GPU reads pageable memory at a fraction of the
 * bus's speed.) Copies run on the device's one stream, in order with the kernels. For the thread that holds the device's
 * {@linkplain CudaDevice#exclusive lock}.
 */
final class Staging {
    private static final int BYTES = 8 << 20;

    private final CudaDevice device;
    private final MemorySegment[] memory = new MemorySegment[2];
    private final Pointer[] pointer = new Pointer[2];
    private final CUevent[] copied = new CUevent[2];
    private int current;

    /** Allocates nothing before the first copy. */
    Staging(CudaDevice device) { this.device = device; }

    /** Copies host memory to the device; returns when {@code host} may change, which may be before the copy ends. */
    void upload(MemorySegment host, long to) {
        for (long at = 0; at < host.byteSize(); at += BYTES) {
            long bytes = Math.min(BYTES, host.byteSize() - at);
            int buffer = next();
            MemorySegment.copy(host, at, memory[buffer], 0, bytes);
            check(JCudaDriver.cuMemcpyHtoDAsync(Address.device(to + at), pointer[buffer], bytes, device.stream()), "copying to " + device.name());
            recordCopy(buffer);
        }
    }

    /** Copies device memory to the host; returns when the copy has ended. */
    void download(long from, MemorySegment host) {
        int before = -1;
        long total = host.byteSize(), at = 0;
        for (; at < total; at += BYTES) {
            int buffer = next();
            check(JCudaDriver.cuMemcpyDtoHAsync(pointer[buffer], Address.device(from + at), Math.min(BYTES, total - at), device.stream()),
                    "copying from " + device.name());
            recordCopy(buffer);
            if (before >= 0) land(before, host, at - BYTES);
            before = buffer;
        }
        if (before >= 0) land(before, host, at - BYTES);
    }

    private void land(int buffer, MemorySegment host, long at) {
        await(buffer);
        MemorySegment.copy(memory[buffer], 0, host, at, Math.min(BYTES, host.byteSize() - at));
    }

    /** The other buffer, once it is free. */
    private int next() {
        current ^= 1;
        if (memory[current] != null) await(current);
        else open(current);
        return current;
    }

    private void open(int buffer) {
        Address.NewHost pinned = new Address.NewHost();
        check(JCudaDriver.cuMemAllocHost(pinned, BYTES), "pinning host memory for copies");
        copied[buffer] = new CUevent();
        check(JCudaDriver.cuEventCreate(copied[buffer], CUevent_flags.CU_EVENT_DISABLE_TIMING), "making an event");
        memory[buffer] = MemorySegment.ofAddress(pinned.value()).reinterpret(BYTES);
        pointer[buffer] = Address.host(pinned.value());
    }

    private void recordCopy(int buffer) { check(JCudaDriver.cuEventRecord(copied[buffer], device.stream()), "recording an event"); }

    private void await(int buffer) { check(JCudaDriver.cuEventSynchronize(copied[buffer]), "waiting for a copy"); }
}
