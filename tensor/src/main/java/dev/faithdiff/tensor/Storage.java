package dev.faithdiff.tensor;

import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * One allocation on one device, with a live flag. Belongs to one {@link Scope}, or to the file it is mapped from, or comes and goes
 * ({@link #visiting}).
 */
public final class Storage {
    private final Device device;
    private final long bytes;
    private final MemorySegment segment;
    private Runnable summons;
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

    /** Storage over a mapped file; its owner keeps the mapping open and calls {@link #forget} before closing it. */
    public static Storage mapped(MemorySegment data) {
        MemorySegment plain = MemorySegment.ofAddress(data.address()).reinterpret(data.byteSize()).asReadOnly();
        return new Storage(Device.CPU, data.address(), data.byteSize(), plain);
    }

    /** Storage that is away until used: {@link #require} then has {@code summons} call {@link #arrive}. */
    public static Storage visiting(Device device, long bytes, Runnable summons) {
        Storage s = new Storage(device, 0, bytes, null);
        s.live = false;
        s.summons = summons;
        return s;
    }

    /** Gives a visiting storage memory, which stays the caller's. */
    public void arrive(Storage memory) {
        address = memory.address();
        live = true;
    }

    /** Brings a visiting storage in if it is away; to be called before each use. False if it is gone for good. */
    public boolean require() {
        if (!live && summons != null) summons.run();
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
     * A form of this storage that a kernel prepared once (packed, transformed) and wants to find again, built on first use.
     * Meant for weights: the form lives as long as the storage.
     */
    @SuppressWarnings("unchecked")
    public synchronized <T> T prepared(Object key, Supplier<T> build) {
        if (prepared == null) prepared = new IdentityHashMap<>();
        return (T) prepared.computeIfAbsent(key, k -> build.get());
    }

    /** Forgets prepared forms: the contents have changed. */
    public synchronized void changed() { prepared = null; }

    /** Marks the storage dead without freeing it: the memory is somebody else's. A visiting one is only away. */
    public void forget() {
        live = false;
        prepared = null;
    }

    /** Marks a visiting storage gone for good. */
    public void end() {
        summons = null;
        forget();
    }

    void release() {
        if (!live) return;
        forget();
        device.release(this);
    }
}
