package dev.faithdiff.tensor;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;

/**
 * Freed blocks of one device, kept for reuse by size, and its memory account. Sizes are rounded up by at most an eighth, so
 * that the same shapes get the same addresses again.
 */
public final class Pool {
    private static final long IDLE_LIMIT = Long.getLong("faithdiff.pool.idle.bytes", 512L << 20);

    private final String device;
    private final LongUnaryOperator allocate;
    private final LongConsumer free;
    private final TreeMap<Long, ArrayDeque<Long>> idle = new TreeMap<>();
    private final long idleLimit;
    private long idleBytes, usedBytes, peakBytes, peakUsedBytes;

    /** @param allocate size in bytes to address, 0 when the device has no more */
    public Pool(String device, LongUnaryOperator allocate, LongConsumer free) { this(device, allocate, free, IDLE_LIMIT); }

    /** @param idleLimit idle blocks of more bytes go back to the system before the next block is asked for */
    public Pool(String device, LongUnaryOperator allocate, LongConsumer free, long idleLimit) {
        this.device = device;
        this.allocate = allocate;
        this.free = free;
        this.idleLimit = idleLimit;
    }

    /**
     * The address of a block of at least {@code bytes}.
     *
     * @throws OutOfMemoryError naming what was asked and what is held
     */
    public synchronized long take(long bytes) {
        long size = rounded(bytes);
        ArrayDeque<Long> same = idle.get(size);
        long address;
        if (same != null && !same.isEmpty()) {
            address = same.pop();
            idleBytes -= size;
        } else {
            if (idleBytes > idleLimit) trim();
            address = allocate.applyAsLong(size);
            if (address == 0) {
                trim();
                address = allocate.applyAsLong(size);
            }
            if (address == 0) {
                throw new OutOfMemoryError("out of memory on " + device + ": asked for " + megabytes(size) + " while "
                        + megabytes(usedBytes) + " are in use; try a smaller image or scale");
            }
        }
        usedBytes += size;
        peakUsedBytes = Math.max(peakUsedBytes, usedBytes);
        peakBytes = Math.max(peakBytes, usedBytes + idleBytes);
        return address;
    }

    /** Takes a block of {@code bytes} back. */
    public synchronized void give(long address, long bytes) {
        long size = rounded(bytes);
        idle.computeIfAbsent(size, s -> new ArrayDeque<>()).push(address);
        usedBytes -= size;
        idleBytes += size;
    }

    /** Returns all idle blocks to the system. */
    public synchronized void trim() {
        for (Map.Entry<Long, ArrayDeque<Long>> e : idle.entrySet()) {
            for (long address : e.getValue()) free.accept(address);
        }
        idle.clear();
        idleBytes = 0;
    }

    /** Bytes handed out now. */
    public synchronized long usedBytes() { return usedBytes; }

    /** Bytes kept for reuse now. */
    public synchronized long idleBytes() { return idleBytes; }

    /** The most bytes ever held at once, idle blocks included. */
    public synchronized long peakBytes() { return peakBytes; }

    /** The most bytes handed out at once: what the work since {@link #resetPeak} needed, such as a training step. */
    public synchronized long peakUsedBytes() { return peakUsedBytes; }

    /** Starts both peaks anew. */
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
