package dev.faithdiff.tensor;

import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One allocation on one device, with a live flag. It belongs to one {@link Scope} or to the file that it is mapped from, or it is loaded when used
 * ({@link #visiting}).
 */
public final class Storage {
    private final Device device;
    private final long bytes;
    private final MemorySegment segment;
    private Runnable use = () -> {};
    private volatile long address;
    private volatile boolean live = true;
    private Map<Object, Object> prepared;
    Scope owner;

    /** @param segment the same memory for host storage, null for a device's */
    public Storage(Device device, long address, long bytes, MemorySegment segment) {
        this.device = device;
        this.address = address;
        this.bytes = bytes;
        this.segment = segment;
    }

    /**
     * Storage over a mapped file; its owner keeps the mapping open and calls {@link #forget} before closing it.
     *
     * @param use runs before each use of the storage
     */
    public static Storage mapped(MemorySegment data, Runnable use) {
        MemorySegment plain = MemorySegment.ofAddress(data.address()).reinterpret(data.byteSize()).asReadOnly();
        Storage s = new Storage(Device.CPU, data.address(), data.byteSize(), plain);
        s.use = use;
        return s;
    }

    /** Storage that has no memory until it is used: {@link #require} then runs {@code summons}, which calls {@link #arrive}. */
    public static Storage visiting(Device device, long bytes, Runnable summons) {
        Storage s = new Storage(device, 0, bytes, null);
        s.live = false;
        s.use = () -> { if (!s.live) summons.run(); };
        return s;
    }

    /** Gives a visiting storage its memory, which the caller still owns. */
    public void arrive(Storage memory) {
        address = memory.address();
        live = true;
    }

    /** To be called before each use: loads a visiting storage that has no memory. False if this storage was freed. */
    public boolean require() {
        use.run();
        return live;
    }

    public Device device() { return device; }

    /** Address on the device. */
    public long address() { return address; }

    public long bytes() { return bytes; }

    public boolean live() { return live; }

    /** Host memory of this storage; null on other devices. */
    public MemorySegment segment() { return segment; }

    /**
     * A prepared form of the contents, such as a packed weight: built at its first use, then kept as long as the storage. Meant for weights.
     */
    @SuppressWarnings("unchecked")
    public synchronized <T> T prepared(Object key, Supplier<T> build) {
        if (prepared == null) prepared = new IdentityHashMap<>();
        return (T) prepared.computeIfAbsent(key, k -> build.get());
    }

    /** Drops all prepared forms, since the contents have changed. */
    public synchronized void changed() {
        if (prepared != null) for (Object p : prepared.values()) if (p instanceof Prepared own) own.end();
        prepared = null;
    }

    /** A prepared form with memory of its own, which ends with it. */
    public interface Prepared {
        void end();
    }

    /** Marks the storage dead without freeing its memory, which belongs to another owner. A visiting storage can be loaded again. */
    public void forget() {
        live = false;
        changed();
    }

    /** Marks a visiting storage dead for good: it is not loaded again. */
    public void end() {
        use = () -> {};
        forget();
    }

    void release() {
        if (!live) return;
        forget();
        device.release(this);
    }
}
