package dev.faithdiff.nn;

import dev.faithdiff.tensor.Device;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Which tensors of a mapped file stay in memory; it gives the pages of the others back to the system, which reads them again if they are used.
 * Those used last always stay, so small files are whole. What is used again after it left stays, too, while there is room, until another file is
 * at work: so a U-Net is mapped once for all steps, and is gone when the image is decoded.
 */
final class RecentPages {
    /** What always stays: more than any weight of SDXL has in F16. */
    static final long LAST = 128L << 20;
    private static final Long MOST = Long.getLong("faithdiff.mapped.bytes");

    private static volatile RecentPages atWork;

    private final long last, room;
    private final SequencedSet<MemorySegment> recent = new LinkedHashSet<>();
    private final Set<MemorySegment> left = new HashSet<>(), kept = new HashSet<>();
    private long recentBytes, keptBytes;

    /** @param last bytes of the tensors used last @param room bytes of those that are used again */
    RecentPages(long last, long room) {
        this.last = last;
        this.room = room;
    }

    /** Those of a file that is opened now: half of the free memory, since the system takes a file's pages back when it needs them. */
    static RecentPages ofFile() {
        return new RecentPages(MOST == null ? LAST : Math.min(LAST, MOST), MOST == null ? Device.CPU.freeBytes() / 2 : Math.max(0, MOST - LAST));
    }

    /** How many of so many bytes always stay once they were used. */
    long stay(long bytes) { return Math.min(bytes, last); }

    /** To be called before each use of a mapped tensor. Work on other tensors may go on: it reads what it misses again. */
    void used(MemorySegment data) {
        if (atWork != this) begin(this);
        keep(data);
    }

    /** To be called before the file is closed. */
    synchronized void end() {
        recent.clear();
        kept.clear();
    }

    private static synchronized void begin(RecentPages now) {
        RecentPages before = atWork;
        atWork = now;
        if (before != null && before != now) before.rest();
    }

    private synchronized void keep(MemorySegment data) {
        if (kept.contains(data)) return;
        if (left.contains(data) && keptBytes + data.byteSize() <= room) {
            kept.add(data);
            keptBytes += data.byteSize();
            if (recent.remove(data)) recentBytes -= data.byteSize();
            return;
        }
        if (recent.add(data)) recentBytes += data.byteSize();
        else recent.addLast(data);
        while (recentBytes > last && recent.size() > 1) {
            MemorySegment oldest = recent.removeFirst();
            recentBytes -= oldest.byteSize();
            left.add(oldest);
            oldest.unload();
        }
    }

    private synchronized void rest() {
        kept.forEach(MemorySegment::unload);
        kept.clear();
        keptBytes = 0;
    }
}
