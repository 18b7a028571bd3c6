package dev.faithdiff.cli;

import dev.faithdiff.restore.Listener;
import dev.faithdiff.tensor.host.Launcher;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressState;

/**
 * Shows a restoration's progress and the time left: as a bar where stderr is a terminal, elsewhere as a line now and then. Encoding and decoding
 * take as much of the bar as a step, and a tile takes its share of one.
 */
final class StepBar implements Listener, AutoCloseable {
    private static final int WIDTH = 80;
    private static final long NANOS_APART = 15_000_000_000L;
    /** Units of the bar in one step, so that it moves with each tile. */
    static final int PARTS = 1000;

    private final ProgressBar bar;
    private final PrintWriter lines;
    private final int asked;
    private final long begun = System.nanoTime();
    private long done, spoken = begun;
    private String stage = "";

    /** @param bar null: nothing is shown. @param lines gets lines now and then; null: none. @param steps the steps asked for; fewer may be taken */
    StepBar(ProgressBar bar, PrintWriter lines, int steps) {
        this.bar = bar;
        this.lines = lines;
        asked = steps;
    }

    static StepBar of(int steps, boolean quiet, PrintWriter err) {
        if (quiet) return new StepBar(null, null, steps);
        boolean terminal = Launcher.isTerminal();
        ProgressBarBuilder bar = new ProgressBarBuilder().setInitialMax(PARTS * (steps + 2L)).setRenderer(StepBar::rendered);
        if (!terminal) return new StepBar(silent(bar), err, steps);
        return new StepBar(bar.setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH)).build(), null, steps);
    }

    /** For the numbers alone. Without a width it would look for a terminal, which loads a library of its own. */
    private static ProgressBar silent(ProgressBarBuilder bar) {
        return bar.setConsumer(new me.tongfei.progressbar.DelegatingProgressBarConsumer(line -> {}, WIDTH)).build();
    }

    @Override public void at(String stage, int step, int steps) {
        if (bar == null) return;
        long whole = bar.getMax() / PARTS;
        long max = switch (stage) { case "encode" -> asked + 2; case "denoise" -> steps + 2; case "decode" -> whole; default -> steps; };
        done = switch (stage) { case "encode" -> 0; case "denoise" -> 1 + step; case "decode" -> max - 1; default -> step; };
        this.stage = switch (stage) {
            case "encode" -> "encoding";
            case "decode" -> "decoding";
            case "denoise" -> step + " of " + steps + " steps";
            default -> step + " of " + steps + " tiles";
        };
        bar.maxHint(PARTS * max);
        show(this.stage, PARTS * done);
    }

    @Override public void tile(String stage, int tile, int tiles) {
        if (bar != null) show(this.stage + ", tile " + tile + " of " + tiles, PARTS * done + (long) PARTS * tile / tiles);
    }

    private void show(String what, long parts) {
        bar.setExtraMessage(what).stepTo(parts);
        long now = System.nanoTime();
        if (lines == null || now - spoken < NANOS_APART) return;
        spoken = now;
        double share = parts / (double) bar.getMax();
        lines.printf(Locale.ROOT, "%.0f%%: %s%s%n", 100 * share, what, left(share, (now - begun) / 1e9));
        lines.flush();
    }

    private static String left(double share, double seconds) {
        return share > 0 && share < 1 ? String.format(Locale.ROOT, ", %.0f s left", seconds * (1 - share) / share) : "";
    }

    private static String rendered(ProgressState s, int width) {
        double share = s.getMax() <= 0 ? 0 : Math.clamp((double) s.getCurrent() / s.getMax(), 0, 1);
        String before = String.format(Locale.ROOT, "restore %3.0f%% [", 100 * share);
        String behind = "] " + s.getExtraMessage() + left(share, s.getTotalElapsed().toMillis() / 1e3);
        int room = Math.max(0, width - before.length() - behind.length()), full = (int) (share * room);
        return before + "=".repeat(full) + " ".repeat(room - full) + behind;
    }

    /** The restoration is done. Without this, {@link #close} leaves the bar where it is. */
    void finish() {
        if (bar != null) bar.setExtraMessage("").stepTo(bar.getMax());
    }

    @Override public void close() {
        if (bar != null) bar.close();
    }
}
