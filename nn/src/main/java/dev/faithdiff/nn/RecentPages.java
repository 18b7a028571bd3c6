package dev.faithdiff.nn;

import dev.faithdiff.tensor.Device;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.Set;

/**
 * Keeps in memory those tensors of a mapped file that were used first, as many as there is room for, and of the others those that were used last. It gives
 * the pages of the rest back to the system, which reads them again if they are used. A network uses its tensors in the same order again and again, so
 * each that stays saves reading it once a step; mapping all pages of SDXL's U-Net again takes half a second.
 */
final class RecentPages {
    /** What is kept of those used last: more than any weight of SDXL has in F16. */
    static final long LAST = 128L << 20;

    private final long room;
    private final long last;
    private final Set<MemorySegment> kept = new HashSet<>();
    private final SequencedSet<MemorySegment> recent = new LinkedHashSet<>();
    private long keptBytes;
    private long recentBytes;

    /** @param room bytes of those used first @param last bytes of those used last */
    RecentPages(long room, long last) {
        this.room = room;
        this.last = last;
    }

    /** Those of a file that is opened now. */
    static RecentPages ofFile() { return new RecentPages(room(), LAST); }

    /** The most bytes of a file that is opened now that will be in memory. */
    static long most() { return room() + LAST; }

    /** A quarter of what is free: a file's pages go back to the system when others need the memory. */
    private static long room() { return Device.CPU.freeBytes() / 4; }

    /** To be called before each use of a mapped tensor. Work on other tensors may go on: it reads what it misses again. */
    synchronized void used(MemorySegment data) {
        if (kept.contains(data)) return;
        if (keptBytes + data.byteSize() <= room) {
            kept.add(data);
            keptBytes += data.byteSize();
            return;
        }
        if (recent.add(data)) recentBytes += data.byteSize();
        else recent.addLast(data);
        while (recentBytes > last && recent.size() > 1) {
            MemorySegment oldest = recent.removeFirst();
            recentBytes -= oldest.byteSize();
            oldest.unload();
        }
    }
}
