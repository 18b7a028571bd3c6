package dev.faithdiff.convert.pull;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** While this is open, a stream from which nothing comes for too long is closed, which ends whoever reads it. */
final class Stall implements AutoCloseable {
    private final Duration longest;
    private final Thread watch;
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean stalled;

    Stall(Closeable stream, Duration longest) {
        this.longest = longest;
        watch = Thread.ofVirtual().start(() -> {
            try {
                for (long left; (left = longest.toNanos() - (System.nanoTime() - lastNanos)) > 0; ) Thread.sleep(Duration.ofNanos(left));
                stalled = true;
                stream.close();
            } catch (InterruptedException | IOException e) {
                return; // all has come, or the stream is closed anyway
            }
        });
    }

    /** Something came. */
    void alive() { lastNanos = System.nanoTime(); }

    /** @throws IOException if the stream was closed */
    void check() throws IOException {
        if (stalled) throw new IOException("nothing came for " + longest.toSeconds() + " s");
    }

    @Override public void close() { watch.interrupt(); }
}
