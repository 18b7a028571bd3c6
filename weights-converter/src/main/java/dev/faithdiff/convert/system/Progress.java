package dev.faithdiff.convert.system;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.WritableByteChannel;
import java.util.Collection;
import java.util.Locale;

/** A line on the terminal that shows how much of a large file is written; {@code out} may be null for silence. */
public final class Progress {
    private static final long LARGE = 256_000_000, PAUSE_MILLIS = 500;

    private final PrintStream out;
    private final String file;
    private final long total;
    private long done, shownMillis;

    Progress(PrintStream out, String file, Collection<? extends Source> tensors) {
        this.file = file;
        this.total = tensors.stream().mapToLong(Progress::bytes).sum();
        this.out = total < LARGE ? null : out;
    }

    /** Where to write: a terminal, or null. */
    public static PrintStream terminal() { return System.console() != null && System.console().isTerminal() ? System.err : null; }

    /** The same tensor, which is counted when it was written. */
    Source counted(Source t) {
        return new Source() {
            @Override public String name() { return t.name(); }

            @Override public DType dtype() { return t.dtype(); }

            @Override public Shape shape() { return t.shape(); }

            @Override public void writeTo(WritableByteChannel channel) throws IOException {
                t.writeTo(channel);
                add(bytes(t));
            }
        };
    }

    private void add(long bytes) {
        done += bytes;
        long now = System.currentTimeMillis();
        if (out == null || done < total && now - shownMillis < PAUSE_MILLIS) return;
        shownMillis = now;
        out.printf(Locale.ROOT, "\r%s: %.1f of %.1f GB%s", file, done / 1e9, total / 1e9, done == total ? "\n" : "");
        out.flush();
    }

    private static long bytes(Source t) { return t.shape().count() * t.dtype().bytes(); }
}
