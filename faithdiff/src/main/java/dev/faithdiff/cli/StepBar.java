package dev.faithdiff.cli;

import dev.faithdiff.restore.Listener;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A bar that shows a restoration's progress and the time left, where stderr is a terminal. Encoding and decoding count as one step each, and a
 * tile counts as its share of a step.
 */
final class StepBar implements Listener, AutoCloseable {
    private static final int WIDTH = 80;
    /** Units of the bar in one step, so that it moves with each tile. */
    static final int PARTS = 1000;

    private final ProgressBar bar;
    private final int asked;
    private int done;

    /** @param bar null: nothing is shown. @param steps the steps asked for; fewer may be taken */
    StepBar(ProgressBar bar, int steps) {
        this.bar = bar;
        asked = steps;
    }

    static StepBar of(int steps, boolean quiet) {
        boolean shown = !quiet && System.console() != null && System.console().isTerminal();
        return new StepBar(!shown ? null : new ProgressBarBuilder().setTaskName("restore").setInitialMax(PARTS * (steps + 2L)).setUnit("", PARTS)
                .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH)).build(), steps);
    }

    @Override public void at(String stage, int step, int steps) {
        if (bar == null) return;
        long whole = bar.getMax() / PARTS;
        long max = switch (stage) { case "encode" -> asked + 2; case "denoise" -> steps + 2; case "decode" -> whole; default -> steps; };
        done = switch (stage) { case "encode" -> 0; case "denoise" -> 1 + step; case "decode" -> (int) max - 1; default -> step; };
        bar.maxHint(PARTS * max).setExtraMessage("").stepTo((long) PARTS * done);
    }

    @Override public void tile(String stage, int tile, int tiles) {
        if (bar != null) bar.setExtraMessage("tile " + tile + " of " + tiles).stepTo((long) PARTS * done + (long) PARTS * tile / tiles);
    }

    @Override public void close() {
        if (bar == null) return;
        bar.setExtraMessage("").stepTo(bar.getMax());
        bar.close();
    }
}
