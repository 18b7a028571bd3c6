package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A restorer that says now and then how many photos it has restored. */
final class CountedRestorer implements Restorer {
    private static final long NANOS_APART = 10_000_000_000L;

    private final Restorer inner;
    private final PrintWriter lines;
    private long spoken = System.nanoTime();
    private int restored;

    CountedRestorer(Restorer inner, PrintWriter lines) {
        this.inner = inner;
        this.lines = lines;
    }

    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        Image result = inner.restore(photo, options, listener, resume);
        restored++;
        if (System.nanoTime() - spoken < NANOS_APART) return result;
        spoken = System.nanoTime();
        lines.println(restored + " photos restored");
        lines.flush();
        return result;
    }

    @Override public List<Option<?>> options() { return inner.options(); }

    @Override public Options defaults() { return inner.defaults(); }

    @Override public void check(Options options) { inner.check(options); }

    @Override public Optional<Image> throughAutoencoder(Image photo) { return inner.throughAutoencoder(photo); }

    @Override public void close() { inner.close(); }
}
