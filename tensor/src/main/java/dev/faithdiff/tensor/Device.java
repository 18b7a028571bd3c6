package dev.faithdiff.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Where storage lives and kernels run. */
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

    /** Work in the form that is best repeated here; as it is where recording gains nothing. */
    default Replay replay(Replay work) { return work; }
}
