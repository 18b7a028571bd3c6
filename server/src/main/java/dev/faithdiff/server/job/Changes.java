package dev.faithdiff.server.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which restorations changed since a version, for those who watch. A slow watcher misses states in between and never the last one. */
public final class Changes {
    /** Whoever asks about more than these begins anew. */
    private static final int MOST = 4096;

    /** What changed. @param version to ask with the next time */
    public record Since(long version, List<String> ids) {}

    private final Map<String, Long> changed = new LinkedHashMap<>();
    private long version;
    private int watchers;

    synchronized void add(String id) {
        changed.remove(id);
        changed.put(id, ++version);
        if (changed.size() > MOST) changed.remove(changed.keySet().iterator().next());
        notifyAll();
    }

    /** The present version, which each change raises. */
    public synchronized long version() { return version; }

    /** What changed since a version, as soon as something did or the time is over. */
    public synchronized Since since(long last, long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        while (version == last) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) break;
            wait(left);
        }
        List<String> ids = new ArrayList<>();
        changed.forEach((id, at) -> { if (at > last) ids.add(id); });
        return new Since(version, ids);
    }

    /** Somebody begins to watch, or ends. */
    public synchronized void watch(int more) { watchers += more; }

    synchronized boolean isWatched() { return watchers > 0; }

    /** Wakes all who wait. */
    synchronized void wake() {
        version++;
        notifyAll();
    }
}
