package dev.faithdiff.cli;

import dev.faithdiff.Listener;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A restoration's progress with the time left, on stderr of a terminal; nothing elsewhere. Reading and decoding count as a step each. */
final class StepBar implements Listener, AutoCloseable {
    private static final int WIDTH = 80;

    private final ProgressBar bar;

    private StepBar(ProgressBar bar) { this.bar = bar; }

    static StepBar of(int steps, boolean quiet) {
        boolean shown = !quiet && System.console() != null && System.console().isTerminal();
        return new StepBar(!shown ? null : new ProgressBarBuilder().setTaskName("restore").setInitialMax(steps + 2)
                .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH)).build());
    }

    @Override public void at(String stage, int step, int steps) {
        if (bar == null) return;
        if (steps > 0) bar.maxHint(stage.equals("enlarge") ? steps : steps + 2);
        bar.stepTo(switch (stage) { case "encode" -> 0; case "denoise" -> 1 + step; case "enlarge" -> step; default -> bar.getMax() - 1; });
    }

    @Override public void close() {
        if (bar == null) return;
        bar.stepTo(bar.getMax());
        bar.close();
    }
}
