package dev.faithdiff.cli;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.ResultSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
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
    private final PrintWriter out, err;
    private final Writer log;
    private final int files;
    private final int[] counts = new int[Outcome.values().length];
    private final List<String> failures = new ArrayList<>();

    /** @param log null: none */
    Report(Mode mode, PrintWriter out, PrintWriter err, Path log, int files) {
        this.mode = mode;
        this.out = out;
        this.err = err;
        this.files = files;
        try {
            this.log = log == null ? null : Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write the log " + log, e));
        }
    }

    @Override public Image restoring(Job job, Options options, Function<Listener, Image> restore) {
        try (StepBar bar = StepBar.of(options.get(STEPS), mode != Mode.BAR)) {
            return restore.apply(listener(job, bar));
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
        if (outcome == Outcome.FAILED) failures.add(String.valueOf(facts.get("error")));
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("in", job.in().toString());
        line.put("out", job.out().toString());
        line.put("outcome", outcome.name().toLowerCase(Locale.ROOT));
        line.putAll(facts);
        if (log != null) {
            try {
                log.write(ResultSettings.json(line) + "\n");
                log.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        if (mode == Mode.JSON) event("file", line);
        if (mode == Mode.BAR && outcome != Outcome.SKIPPED) {
            String done = String.format(Locale.ROOT, "%s: %sx%s in %.1f s",
                    job.out(), facts.get("outWidth"), facts.get("outHeight"), facts.get("seconds"));
            String said = outcome == Outcome.FAILED ? "failed: " + facts.get("error") : done;
            err.printf(Locale.ROOT, "%d/%d %s%n", counts[0] + counts[1] + counts[2], files, said);
            err.flush();
        }
    }

    /** Shows the summary: what failed and why, how many photos were restored, and on which device. */
    synchronized void end(boolean stopped, DeviceChoice.Chosen chosen) {
        if (mode == Mode.JSON) {
            event("end", Map.of("done", counts[0], "skipped", counts[1], "failed", counts[2], "stopped", stopped, "device", chosen.device().name()));
            return;
        }
        for (String failure : failures) err.println("faithdiff: " + failure);
        int left = files - counts[0] - counts[1] - counts[2];
        String sums = counts[0] + " restored, " + counts[1] + " already there, " + counts[2] + " failed";
        if (stopped) err.println("faithdiff: stopped; " + sums + ", " + left + " left");
        else if (mode == Mode.BAR) err.println(sums + ", on " + chosen.device().name() + chosen.ending());
        err.flush();
    }

    boolean failed() { return !failures.isEmpty(); }

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
            throw new UncheckedIOException(e);
        }
    }
}
