package dev.faithdiff.convert.pull;

import dev.faithdiff.tensor.host.Launcher;
import java.io.PrintStream;
import java.util.Locale;

/** Shows how much of a model's files is fetched: in one line of a terminal, elsewhere in a line now and then. */
final class TransferLine {
    private static final long NANOS_APART = 500_000_000, LINES_APART = 15_000_000_000L;

    private final PrintStream out;
    private final boolean terminal;
    private final long total, begun = System.nanoTime();
    private long before, came, shown = begun;
    private boolean open;

    /** @param total about how many bytes all files have */
    TransferLine(PrintStream out, long total) {
        this.out = out;
        this.total = total;
        terminal = Launcher.isTerminal();
    }

    /** @param have bytes of this file that are there. @param added of these, bytes that just came */
    void at(String file, long have, long added) {
        came += added;
        long now = System.nanoTime();
        if (now - shown < (terminal ? NANOS_APART : LINES_APART)) return;
        shown = now;
        double rate = came / ((now - begun) / 1e9);
        long done = before + have, left = Math.max(0, total - done);
        out.printf(Locale.ROOT, "%s%s, %.2f of about %.2f GB, %.1f MB/s, %s left%s", terminal ? "\r" : "", file, done / 1e9, total / 1e9, rate / 1e6,
                rate < 1 ? "?" : time((long) (left / rate)), terminal ? "\033[K" : System.lineSeparator());
        out.flush();
        open = terminal;
    }

    private static String time(long seconds) { return seconds < 120 ? seconds + " s" : seconds / 60 + " min"; }

    /** A file is there. */
    void done(long bytes) { before += bytes; }

    /** Says something in a line of its own. */
    void say(String line) {
        if (open) out.println();
        open = false;
        out.println(line);
        out.flush();
    }
}
