package dev.faithdiff.cli;

import dev.faithdiff.tensor.host.Launcher;
import dev.faithdiff.train.StepRecord;
import dev.faithdiff.train.Training;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows a training run's progress and remarks on stderr: on a terminal as a bar with the time left, elsewhere as a line each minute. */
final class TrainBar implements Training.Observer, AutoCloseable {
    private static final int WIDTH = 110;
    private static final long NANOS_APART = 60_000_000_000L;

    private final PrintWriter err;
    private final long steps;
    private final boolean quiet;
    private final ProgressBar bar;
    private long first = -1, begun, spoken;

    TrainBar(PrintWriter err, long steps, boolean quiet) {
        this.err = err;
        this.steps = steps;
        this.quiet = quiet;
        boolean shown = !quiet && Launcher.isTerminal();
        bar = !shown ? null : new ProgressBarBuilder().setTaskName("train").setInitialMax(steps).setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH)).build();
    }

    @Override public void step(StepRecord s) {
        String how = String.format(Locale.ROOT, "%s loss %.4f rate %.1e %.1f images/s", s.objective(), s.loss(), s.rate(), s.imagesPerSecond());
        if (bar != null) {
            if (first < 0) bar.stepTo(s.total() - 1);
            bar.stepTo(s.total()).setExtraMessage(how);
        }
        long now = System.nanoTime();
        if (first < 0) {
            first = s.total();
            begun = now;
            spoken = now;
        } else if (bar == null && !quiet && now - spoken > NANOS_APART) {
            spoken = now;
            double minutesLeft = (now - begun) / 60e9 * (steps - s.total()) / (s.total() - first);
            err.printf(Locale.ROOT, "step %d of %d: %s, %.0f minutes left%n", s.total(), steps, how, minutesLeft);
            err.flush();
        }
    }

    @Override public void says(String line) {
        if (quiet) return;
        if (bar != null) System.err.print("\r" + " ".repeat(WIDTH) + "\r");
        err.println(line);
        err.flush();
    }

    @Override public void close() {
        if (bar != null) bar.close();
    }
}
