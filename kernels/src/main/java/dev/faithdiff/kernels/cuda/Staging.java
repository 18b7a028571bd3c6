package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/**
 * Two pieces of pinned host memory through which all copies go, one filled while the other travels: the GPU reads pageable memory at a
 * fraction of the bus. Copies are ordered with the kernels, on the device's one stream. For the thread that {@linkplain CudaDevice#exclusive has
 * the device}.
 */
final class Staging {
    private static final int BYTES = 8 << 20;

    private final CudaDevice device;
    private final MemorySegment[] memory = new MemorySegment[2];
    private final Pointer[] pointer = new Pointer[2];
    private final CUevent[] travelled = new CUevent[2];
    private int turn;

    /** Takes no memory before the first copy. */
    Staging(CudaDevice device) { this.device = device; }

    /** Copies host memory; returns when {@code host} may change, not when it has arrived. */
    void upload(MemorySegment host, long to) {
        for (long at = 0; at < host.byteSize(); at += BYTES) {
            long bytes = Math.min(BYTES, host.byteSize() - at);
            int piece = next();
            MemorySegment.copy(host, at, memory[piece], 0, bytes);
            check(JCudaDriver.cuMemcpyHtoDAsync(Address.device(to + at), pointer[piece], bytes, device.stream()), "copying to " + device.name());
            depart(piece);
        }
    }

    /** Copies device memory; returns when it has arrived. */
    void download(long from, MemorySegment host) {
        int before = -1;
        long total = host.byteSize(), at = 0;
        for (; at < total; at += BYTES) {
            int piece = next();
            check(JCudaDriver.cuMemcpyDtoHAsync(pointer[piece], Address.device(from + at), Math.min(BYTES, total - at), device.stream()),
                    "copying from " + device.name());
            depart(piece);
            if (before >= 0) land(before, host, at - BYTES);
            before = piece;
        }
        if (before >= 0) land(before, host, at - BYTES);
    }

    private void land(int piece, MemorySegment host, long at) {
        await(piece);
        MemorySegment.copy(memory[piece], 0, host, at, Math.min(BYTES, host.byteSize() - at));
    }

    /** The other piece, free to be used. */
    private int next() {
        turn ^= 1;
        if (memory[turn] != null) await(turn);
        else open(turn);
        return turn;
    }

    private void open(int piece) {
        Address.NewHost pinned = new Address.NewHost();
        check(JCudaDriver.cuMemAllocHost(pinned, BYTES), "pinning host memory for copies");
        travelled[piece] = new CUevent();
        check(JCudaDriver.cuEventCreate(travelled[piece], CUevent_flags.CU_EVENT_DISABLE_TIMING), "making an event");
        memory[piece] = MemorySegment.ofAddress(pinned.value()).reinterpret(BYTES);
        pointer[piece] = Address.host(pinned.value());
    }

    private void depart(int piece) { check(JCudaDriver.cuEventRecord(travelled[piece], device.stream()), "recording an event"); }

    private void await(int piece) { check(JCudaDriver.cuEventSynchronize(travelled[piece]), "waiting for a copy"); }
}
