package dev.faithdiff.cli;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Shows what becomes of a list of photos: to a person on stderr, or to a program as lines of JSON on stdout. A log file gets a line of JSON for
 * each photo.
 */
final class Report implements BatchListener, AutoCloseable {
    /** How progress is shown. */
    enum Mode {
        BAR, JSON, NONE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    private final Mode mode;
    private final boolean results;
    private final PrintWriter out, err;
    private final Path file;
    private final Writer log;
    private final int files;
    /** Whether a line of the log is lost, of which the first is told. */
    private boolean isLogLost;
    private final int[] counts = new int[Outcome.values().length];
    private int otherOptions;

    /** @param results whether each is printed as a line of JSON. @param log null: none. @param files how many there will be; 0: nobody knows */
    Report(Mode mode, boolean results, PrintWriter out, PrintWriter err, Path log, int files) {
        this.mode = mode;
        this.results = results;
        this.out = out;
        this.err = err;
        this.files = files;
        file = log;
        try {
            this.log = log == null ? null : Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException(unwritable(e), e));
        }
    }

    @Override public Image restoring(Job job, Options options, Function<Listener, Image> restore) {
        try (StepBar bar = StepBar.of(options.get(STEPS), mode != Mode.BAR, err)) {
            Image restored = restore.apply(listener(job, bar));
            bar.finish();
            return restored;
        }
    }

    private Listener listener(Job job, StepBar bar) {
        return switch (mode) {
            case NONE -> Listener.NONE;
            case BAR -> bar.and(new Listener() {
                @Override public void at(String stage, int step, int steps) {}

                @Override public void warn(String line) { new Warnings(err).warn(job.in() + ": " + line); }
            });
            case JSON -> new Listener() {
                @Override public void at(String stage, int step, int steps) {
                    event("progress", Map.of("in", job.in().toString(), "stage", stage, "step", step, "steps", steps));
                }

                @Override public void tile(String stage, int tile, int tiles) {
                    event("tile", Map.of("in", job.in().toString(), "stage", stage, "tile", tile, "tiles", tiles));
                }

                @Override public void warn(String line) { event("warning", Map.of("in", job.in().toString(), "text", line)); }
            };
        };
    }

    @Override public String reason(Throwable e) { return Main.reason(e); }

    @Override public synchronized void finished(Job job, Outcome outcome, Map<String, Object> facts) {
        counts[outcome.ordinal()]++;
        if (Boolean.TRUE.equals(facts.get("otherOptions"))) otherOptions++;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("in", job.in().toString());
        line.put("out", job.out().toString());
        line.put("outcome", outcome.name().toLowerCase(Locale.ROOT));
        line.putAll(facts);
        if (log != null) log(ResultSettings.json(line));
        if (results) {
            out.println(ResultSettings.json(line));
            out.flush();
        }
        if (mode == Mode.JSON) event("file", line);
        else if (outcome == Outcome.FAILED) err.println("faithdiff: " + facts.get("error"));
        else if (mode == Mode.BAR && outcome == Outcome.DONE) {
            if (facts.get("remarks") instanceof List<?> remarks) remarks.forEach(r -> err.println("faithdiff: " + job.shownOut() + ": " + r));
            String place = counts[0] + counts[1] + counts[2] + (files == 0 ? "" : "/" + files);
            err.printf(Locale.ROOT, "%s %s: %sx%s in %.1f s%n", place, job.shownOut(), facts.get("outWidth"),
                    facts.get("outHeight"), facts.get("seconds"));
        }
        err.flush();
    }

    private String unwritable(IOException e) { return "cannot write the log " + file + ": " + IoReason.of(e); }

    /** A line that is lost costs no photo. */
    private void log(String line) {
        try {
            log.write(line + "\n");
            log.flush();
        } catch (IOException e) {
            if (!isLogLost) err.println("faithdiff: " + unwritable(e));
            isLogLost = true;
        }
    }

    /** Shows the summary: how many photos were restored, skipped and failed, and on which device. @param ending more about the device */
    synchronized void end(boolean stopped, String device, String ending) {
        if (mode == Mode.JSON) {
            event("end", Map.of("done", counts[0], "skipped", counts[1], "failed", counts[2], "stopped", stopped, "device", device));
            return;
        }
        int left = Math.max(0, files - counts[0] - counts[1] - counts[2]);
        String others = otherOptions == 0 ? "" : ", " + otherOptions + " of them made with other options";
        String again = counts[1] == 0 ? "" : others + " (--overwrite restores them again)";
        String sums = counts[0] + " restored, " + counts[1] + " already there" + again + ", " + counts[2] + " failed";
        if (stopped) err.println("faithdiff: stopped; " + sums + ", " + left + " left");
        else if (mode == Mode.BAR) err.println(sums + ", on " + device + ending);
        err.flush();
    }

    boolean failed() { return counts[Outcome.FAILED.ordinal()] > 0 || isLogLost; }

    private synchronized void event(String name, Map<String, Object> facts) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", name);
        line.putAll(facts);
        out.println(ResultSettings.json(line));
        out.flush();
    }

    @Override public void close() {
        try {
            if (log != null) log.close();
        } catch (IOException e) {
            return; // every line was flushed when it was written
        }
    }
}
