package dev.faithdiff.cli;

import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.Worklist;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** Restores what arrives in a folder: photos that are moved in at once, others when nobody has written to them for a while. */
final class WatchOption {
    private static final long MILLIS_APART = 500, MILLIS_STILL = 2000;

    @Option(names = "--watch", paramLabel = "DIR", description = "Instead of IN: restore the photos in this folder and all that arrive "
            + "there, until Ctrl-C. The model stays open.")
    private Path folder;

    /** What a file was when it was looked at. */
    private record Seen(long bytes, long modified) {}

    private final Map<Path, Seen> last = new HashMap<>();
    private final Map<Path, Seen> tried = new HashMap<>();

    boolean isAsked() { return folder != null; }

    /** What takes the place of IN. @throws IllegalArgumentException if there are both, or none, or it is no folder */
    List<String> inputs(List<String> in) {
        if (!isAsked() && in.isEmpty()) throw new IllegalArgumentException("Missing required parameter: 'IN'");
        if (!isAsked()) return in;
        if (!in.isEmpty()) throw new IllegalArgumentException("--watch DIR takes the place of " + in.getFirst() + "; leave one of them out");
        if (!Files.isDirectory(folder)) throw new IllegalArgumentException("--watch " + folder + " is no folder");
        return List.of(folder.toString());
    }

    /** Restores what is there and what arrives, until an interrupt ends it. */
    void run(Batch batch, Worklist list) {
        while (true) {
            List<Job> ready = ready(list, batch.rules().overwrite());
            if (!ready.isEmpty() && batch.run(ready)) return;
            try {
                Thread.sleep(MILLIS_APART);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Photos that are whole, as far as one can see, and have not been tried as they are now. */
    private List<Job> ready(Worklist list, boolean overwrite) {
        List<Job> ready = new ArrayList<>();
        Set<Path> there = new HashSet<>();
        for (Job job : list.findAny().jobs()) {
            Seen now = seen(job.in());
            there.add(job.in());
            boolean isStill = now != null && now.equals(last.put(job.in(), now)) && System.currentTimeMillis() - now.modified >= MILLIS_STILL;
            if (isStill && !now.equals(tried.get(job.in())) && (overwrite || !job.isDone())) ready.add(job);
        }
        ready.forEach(job -> tried.put(job.in(), last.get(job.in())));
        last.keySet().retainAll(there);
        tried.keySet().retainAll(there);
        return ready;
    }

    /** Null if it has gone. */
    private static Seen seen(Path file) {
        try {
            return new Seen(Files.size(file), Files.getLastModifiedTime(file).toMillis());
        } catch (IOException e) {
            return null;
        }
    }
}
