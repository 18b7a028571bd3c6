package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** The second stream of a device, on which weights arrive from pinned memory while the first one computes. Events keep the two in order. */
final class CopyStream {
    private final CudaDevice device;
    private final CUstream stream = new CUstream();
    private final CUevent before = event();

    CopyStream(CudaDevice device) {
        this.device = device;
        check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "making a stream for copies on " + device.name());
    }

    /** Pinned memory that is freed with the arena, after all copies from it. */
    MemorySegment pin(long bytes, Arena arena) {
        Address.NewHost pinned = new Address.NewHost();
        check(JCudaDriver.cuMemAllocHost(pinned, bytes), "pinning " + (bytes >> 20) + " MB of host memory");
        return MemorySegment.ofAddress(pinned.value()).reinterpret(bytes, arena, m -> {
            device.use();
            JCudaDriver.cuStreamSynchronize(stream);
            JCudaDriver.cuMemFreeHost(Address.host(m.address()));
        });
    }

    /** Starts to copy pinned memory to an address of the device. @return makes the computing stream wait for the copy */
    Runnable upload(MemorySegment pinned, long to) {
        // Work requested earlier may still use the memory, which the pool has handed out again.
        check(JCudaDriver.cuEventRecord(before, device.stream()), "recording an event");
        check(JCudaDriver.cuStreamWaitEvent(stream, before, 0), "ordering a copy behind computing");
        check(JCudaDriver.cuMemcpyHtoDAsync(Address.device(to), Address.host(pinned.address()), pinned.byteSize(), stream),
                "copying to " + device.name());
        CUevent arrived = event();
        check(JCudaDriver.cuEventRecord(arrived, stream), "recording an event");
        return () -> device.request(() -> {
            check(JCudaDriver.cuStreamWaitEvent(device.stream(), arrived, 0), "ordering computing behind a copy");
            check(JCudaDriver.cuEventDestroy(arrived), "freeing an event");
        });
    }

    private static CUevent event() {
        CUevent e = new CUevent();
        check(JCudaDriver.cuEventCreate(e, CUevent_flags.CU_EVENT_DISABLE_TIMING), "making an event");
        return e;
    }
}
