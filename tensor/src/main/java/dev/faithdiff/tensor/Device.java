package dev.faithdiff.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * Where storage lives and kernels run.
 *
 * <p>Several threads may use one device. The CPU serves them side by side. A GPU does one request after the other, and a thread that wants no
 * other's work between its own does it inside {@link #exclusive}: a restoration, a training step, what is recorded for a {@link #replay}.
 */
public interface Device {
    /** The host processor; always there. */
    Device CPU = new Cpu();

    /** {@code "cpu"}, {@code "cuda:0"}: what {@link dev.faithdiff.tensor.op.Backend#device} takes. */
    String name();

    /** The kind of device, which selects its {@link dev.faithdiff.tensor.op.Backend}: {@code "cpu"} or {@code "cuda"}. */
    String kind();

    /** Memory with undefined contents, 64-byte aligned, from this device's pool. */
    Storage allocate(long bytes);

    /** Gives storage back to the pool. */
    void release(Storage storage);

    /** Copies host memory into storage at a byte offset. */
    void upload(MemorySegment host, Storage to, long offset);

    /** Copies storage from a byte offset into host memory. */
    void download(Storage from, long offset, MemorySegment host);

    /** The memory account of this device. */
    Pool pool();

    /** Bytes that can still be allocated, the pool's idle blocks included; the largest long where nobody knows. */
    default long freeBytes() { return Long.MAX_VALUE; }

    /** Waits until everything asked of this device is done; nothing to do where work ends before its call returns. */
    default void synchronize() {}

    /** Host memory from which copies to this device are fastest; it ends with the arena. */
    default MemorySegment hostMemory(long bytes, Arena arena) { return arena.allocate(bytes, 64); }

    /**
     * Begins to fill storage from {@link #hostMemory} while other work goes on.
     *
     * @return makes what is asked of the device afterwards wait for the copy; to be run once, before the storage is used or released
     */
    default Runnable uploadAhead(MemorySegment host, Storage to) {
        upload(host, to, 0);
        return () -> {};
    }

    /**
     * Does work that has this device for itself, where the device does one thing at a time. There is one lock for each such device: other
     * threads wait at their next request to it until the work ends, and the thread that holds it may call this again. Elsewhere, as on the
     * CPU, it only does the work.
     *
     * @param work must not wait for another thread that uses the device
     */
    default <T> T exclusive(Supplier<T> work) { return work.get(); }

    /** Work in the form that is best repeated here; as it is where recording gains nothing. */
    default Replay replay(Replay work) { return work; }
}
