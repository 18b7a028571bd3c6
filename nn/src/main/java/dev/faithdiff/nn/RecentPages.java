package dev.faithdiff.nn;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * Keeps in memory those tensors of a mapped file that were used last, and gives the pages of the others back to the system, which reads them
 * again if they are used. So a network holds its largest layers' weights and not all of its file; small files stay whole.
 */
final class RecentPages {
    /** By default more than any weight of SDXL has in F16. Mapping all pages of its U-Net again takes half a second of two cores. */
    static final long MOST = Long.getLong("faithdiff.mapped.bytes", 128L << 20);

    private final long most;
    private final SequencedSet<MemorySegment> recent = new LinkedHashSet<>();
    private long bytes;

    RecentPages(long most) { this.most = most; }

    /** To be called before each use of a mapped tensor. Work on other tensors may go on: it reads what it misses again. */
    synchronized void used(MemorySegment data) {
        if (recent.add(data)) bytes += data.byteSize();
        else recent.addLast(data);
        while (bytes > most && recent.size() > 1) {
            MemorySegment oldest = recent.removeFirst();
            bytes -= oldest.byteSize();
            oldest.unload();
        }
    }
}
