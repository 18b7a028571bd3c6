package dev.faithdiff.tensor;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * Freed blocks of one device, kept by size for reuse, and the device's memory statistics. Sizes are rounded up by at most an eighth, so that the
 * same shapes get the same addresses again.
 */
public final class Pool {
    /** Bytes of idle blocks that a device keeps, unless it says otherwise. */
    static final long IDLE_LIMIT = Long.getLong("faithdiff.pool.idle.bytes", 768L << 20);

    private final String device;
    private final LongUnaryOperator allocate;
    private final LongConsumer free;
    private final LongSupplier available;
    private final Map<Long, ArrayDeque<Long>> idle = new HashMap<>();
    private final Map<Long, Long> sizes = new LinkedHashMap<>(); // of all idle blocks by address, those longest idle first
    private final Map<Long, Reserve> reserved = new HashMap<>();
    private final long idleLimit;
    private long idleBytes, usedBytes, peakBytes, peakUsedBytes, mostUsedBytes;
    private Reserve filling;

    /** @param allocate gives the address of a new block of a size in bytes, or 0 if the device has no memory left */
    public Pool(String device, LongUnaryOperator allocate, LongConsumer free) { this(device, allocate, free, () -> Long.MAX_VALUE, IDLE_LIMIT); }

    /**
     * @param available bytes that the device has left, for messages; {@link Long#MAX_VALUE} if unknown
     * @param idleLimit bytes of idle blocks to keep when a new block is allocated, as far as they raise what is held by no more than an eighth of
     *                  this above the most that was ever in use. Those longest idle are freed first
     */
    public Pool(String device, LongUnaryOperator allocate, LongConsumer free, LongSupplier available, long idleLimit) {
        this.device = device;
        this.allocate = allocate;
        this.free = free;
        this.available = available;
        this.idleLimit = idleLimit;
    }

    /**
     * The address of a block of at least {@code bytes}.
     *
     * @throws OutOfMemoryError with the requested, the used and the free bytes
     */
    public synchronized long take(long bytes) {
        long size = rounded(bytes);
        Reserve r = filling != null && filling.filler == Thread.currentThread() ? filling : null;
        if (r != null) {
            Long own = pop(r.idle, size);
            if (own != null) return own;
        }
        Long same = pop(idle, size);
        if (same != null) leaves(same);
        long address = same != null ? same : fresh(size);
        usedBytes += size;
        peakUsedBytes = Math.max(peakUsedBytes, usedBytes);
        mostUsedBytes = Math.max(mostUsedBytes, usedBytes);
        peakBytes = Math.max(peakBytes, usedBytes + idleBytes);
        if (r != null) reserved.put(address, r);
        return address;
    }

    private long fresh(long size) {
        trim(Math.min(idleLimit, idleLimit / 8 + Math.max(0, mostUsedBytes - usedBytes - size)));
        long address = allocate.applyAsLong(size);
        if (address != 0) return address;
        trim();
        address = allocate.applyAsLong(size);
        if (address != 0) return address;
        long left = available.getAsLong();
        throw new OutOfMemoryError("out of memory on " + device + ": asked for " + megabytes(size) + " while " + megabytes(usedBytes) + " are in use"
                + (left == Long.MAX_VALUE ? "" : " and " + (left >> 20) + " MB are free") + "; try a smaller image or scale");
    }

    /** Gives a block of {@code bytes} back to the pool. */
    public synchronized void give(long address, long bytes) {
        long size = rounded(bytes);
        Reserve r = reserved.get(address);
        if (r != null) push(r.idle, size, address);
        else giveBack(address, size);
    }

    private void giveBack(long address, long size) {
        push(idle, size, address);
        sizes.put(address, size);
        usedBytes -= size;
        idleBytes += size;
    }

    private static Long pop(Map<Long, ArrayDeque<Long>> blocks, long size) {
        ArrayDeque<Long> same = blocks.get(size);
        return same == null ? null : same.poll();
    }

    private static void push(Map<Long, ArrayDeque<Long>> blocks, long size, long address) {
        blocks.computeIfAbsent(size, s -> new ArrayDeque<>()).push(address);
    }

    /** Opens a reserve for the blocks that this thread takes until the reserve is {@linkplain Reserve#seal sealed}. */
    public synchronized Reserve reserve() {
        if (filling != null) throw new IllegalStateException("a reserve of " + device + " is being filled already");
        return filling = new Reserve();
    }

    /**
     * Blocks for work that is repeated at the same addresses. A block that is taken before the reserve is sealed belongs to the reserve until the
     * reserve is closed: when given back it serves only this reserve, and it counts as used.
     */
    public final class Reserve implements AutoCloseable {
        private final Map<Long, ArrayDeque<Long>> idle = new HashMap<>();
        private final Thread filler = Thread.currentThread();

        private Reserve() {}

        /** Ends the filling: blocks taken from now on are the pool's. */
        public void seal() {
            synchronized (Pool.this) {
                if (filling == this) filling = null;
            }
        }

        /** Returns the idle blocks to the pool; those in use follow when they are given back. */
        @Override public void close() {
            synchronized (Pool.this) {
                seal();
                reserved.values().removeIf(r -> r == this);
                idle.forEach((size, blocks) -> blocks.forEach(address -> giveBack(address, size)));
                idle.clear();
            }
        }
    }

    /** Returns all idle blocks to the system. */
    public synchronized void trim() { trim(-1); } // blocks of zero bytes, too

    private void trim(long kept) {
        while (idleBytes > kept && !sizes.isEmpty()) {
            Map.Entry<Long, Long> oldest = sizes.entrySet().iterator().next();
            long address = oldest.getKey();
            idle.get(oldest.getValue()).removeLast(); // which is this one
            leaves(address);
            free.accept(address);
        }
    }

    private void leaves(long address) { idleBytes -= sizes.remove(address); }

    /** Bytes handed out now. */
    public synchronized long usedBytes() { return usedBytes; }

    /** Bytes kept for reuse now. */
    public synchronized long idleBytes() { return idleBytes; }

    /** The most bytes ever held at once, idle blocks included. */
    public synchronized long peakBytes() { return peakBytes; }

    /** The most bytes handed out at once: what the work since {@link #resetPeak} needed, such as a training step. */
    public synchronized long peakUsedBytes() { return peakUsedBytes; }

    /** Sets both peaks to what is held now. */
    public synchronized void resetPeak() {
        peakBytes = usedBytes + idleBytes;
        peakUsedBytes = usedBytes;
    }

    private static long rounded(long bytes) {
        long step = Math.max(64, Long.highestOneBit(Math.max(bytes, 1)) >> 3);
        return (bytes + step - 1) / step * step;
    }

    private static String megabytes(long bytes) { return (bytes + (1 << 20) - 1 >> 20) + " MB"; }
}
