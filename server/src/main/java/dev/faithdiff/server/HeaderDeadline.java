package dev.faithdiff.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;

/**
 * Closes connections on which no request is under way and none became whole for a time. Jetty's idle timeout begins anew with each byte, so that a
 * client which sends its headers byte by byte could stay for hours.
 */
final class HeaderDeadline implements Connection.Listener, AutoCloseable {
    /** @param requests that were whole at a time, in nanoseconds */
    private record Seen(long requests, long at) {}

    private final Map<Connection, Seen> all = new ConcurrentHashMap<>();
    private final long nanos;
    private final ScheduledExecutorService clock =
            Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("header-deadline").factory());

    HeaderDeadline(int millis) {
        nanos = millis * 1_000_000L;
        clock.scheduleWithFixedDelay(this::look, millis / 4, millis / 4, TimeUnit.MILLISECONDS);
    }

    @Override public void onOpened(Connection c) { all.put(c, new Seen(0, System.nanoTime())); }

    @Override public void onClosed(Connection c) { all.remove(c); }

    private void look() {
        long now = System.nanoTime();
        all.forEach((c, seen) -> {
            long in = c.getMessagesIn();
            if (in != seen.requests || in > c.getMessagesOut()) all.replace(c, seen, new Seen(in, now));
            else if (now - seen.at > nanos) c.getEndPoint().close();
        });
    }

    @Override public void close() { clock.shutdownNow(); }
}
