package dev.faithdiff.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A device without memory, which only keeps the account of what was allocated: for what models of full size would hold and do. What is read from it
 * is zero, and its peak is what was in use, since nothing idle is kept.
 */
public final class CountingDevice implements Device {
    private final String kind;
    private final Pool pool;
    private long next = 64, capacity = Long.MAX_VALUE;

    public CountingDevice(String kind) {
        this.kind = kind;
        pool = new Pool(name(), this::fresh, address -> {}, this::freeBytes, 0);
    }

    /** From now on it has so much memory, as a card of a size has. */
    public void capacity(long bytes) { capacity = bytes; }

    @Override public long freeBytes() { return capacity == Long.MAX_VALUE ? capacity : capacity - pool.usedBytes(); }

    /** Addresses are multiples of 64, as on other devices; 0 if it is full. */
    private synchronized long fresh(long bytes) {
        if (bytes > freeBytes()) return 0;
        long address = next;
        next += (bytes + 63) / 64 * 64;
        return address;
    }

    @Override public String name() { return kind + ":0"; }

    @Override public String kind() { return kind; }

    @Override public Storage allocate(long bytes) { return new Storage(this, pool.take(bytes), bytes, null); }

    @Override public void release(Storage s) { pool.give(s.address(), s.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {}

    @Override public void download(Storage from, long offset, MemorySegment host) { host.fill((byte) 0); }

    @Override public Pool pool() { return pool; }
}
