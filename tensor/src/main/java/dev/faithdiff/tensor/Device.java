package dev.faithdiff.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * Where storage lives and kernels run.
 *
 * <p>Several threads may use one device. The CPU serves them side by side. A GPU does one request after the other. Work that must not be mixed with
 * that of other threads runs inside {@link #exclusive}: a restoration, a training step, the recording for a {@link #replay}.
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

    /** The pool of this device's memory, with its statistics. */
    Pool pool();

    /** Bytes that can still be allocated, including the pool's idle blocks; {@link Long#MAX_VALUE} if unknown. */
    default long freeBytes() { return Long.MAX_VALUE; }

    /** False for a device that only keeps the account: kernels do not run on it, and what is read from it is zero. */
    default boolean computes() { return true; }

    /** Waits until all requested work is done. Does nothing on a device whose calls return after their work. */
    default void synchronize() {}

    /** Host memory from which copies to this device are fastest; it is freed with the arena. */
    default MemorySegment hostMemory(long bytes, Arena arena) { return arena.allocate(bytes, 64); }

    /**
     * Starts to copy from {@link #hostMemory} into storage while other work goes on.
     *
     * @return to be run once, before the storage is used or released: work requested afterwards waits for the copy
     */
    default Runnable uploadAhead(MemorySegment host, Storage to) {
        upload(host, to, 0);
        return () -> {};
    }

    /**
     * Runs work while holding the device's lock. Other threads wait at their next request to the device until the work ends; the thread that
     * holds the lock may call this again. A device that serves threads side by side, such as the CPU, has no lock and only runs the work.
     *
     * @param work must not wait for another thread that uses the device
     */
    default <T> T exclusive(Supplier<T> work) { return work.get(); }

    /** The same work, which the device may record once and then repeat; unchanged where recording gains nothing. */
    default Replay replay(Replay work) { return work; }
}
