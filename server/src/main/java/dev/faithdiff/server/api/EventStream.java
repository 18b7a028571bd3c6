package dev.faithdiff.server.api;

import com.google.gson.JsonObject;
import dev.faithdiff.server.Refusal;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.server.job.Changes;
import dev.faithdiff.server.job.Restoration;
import dev.faithdiff.server.job.Restorations;
import io.javalin.http.Context;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Server-sent events of one restoration or of all: {@code state} with its facts when they changed, {@code gone} when it was deleted. Each stream is
 * written by its own thread, so that a slow client delays nobody.
 */
final class EventStream {
    private static final int MOST = 100, MILLIS_APART = 100, MILLIS_SILENT = 10_000;

    private final Restorations all;
    private final AtomicInteger streams = new AtomicInteger();

    EventStream(Restorations all) { this.all = all; }

    int count() { return streams.get(); }

    /** Writes events until the client goes, the restoration ended, or the server stops. @param id null: of all */
    void serve(Context ctx, String id) throws IOException {
        if (streams.incrementAndGet() > MOST) {
            streams.decrementAndGet();
            throw new Refusal(503, "too many watch already", 10);
        }
        all.changes().watch(1);
        try {
            ctx.res().setContentType("text/event-stream;charset=utf-8");
            ctx.res().setHeader("X-Accel-Buffering", "no");
            write(ctx.res().getOutputStream(), id);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            all.changes().watch(-1);
            streams.decrementAndGet();
        }
    }

    private void write(ServletOutputStream out, String id) throws IOException, InterruptedException {
        long version = all.changes().version();
        if (id != null) {
            if (state(out, id)) return;
        } else event(out, "hello", new JsonObject());
        while (!all.isStopping()) {
            Changes.Since since = all.changes().since(version, MILLIS_SILENT);
            version = since.version();
            boolean isSilent = true;
            for (String changed : since.ids()) {
                if (id != null && !changed.equals(id)) continue;
                isSilent = false;
                boolean ended = state(out, changed);
                if (ended && id != null) return;
            }
            if (isSilent) comment(out);
            out.flush();
            Thread.sleep(MILLIS_APART);
        }
    }

    /** @return whether nothing more can follow */
    private boolean state(ServletOutputStream out, String id) throws IOException {
        Restoration r = all.store().get(id);
        JsonObject gone = new JsonObject();
        gone.addProperty("id", id);
        event(out, r == null ? "gone" : "state", r == null ? gone : Facts.of(r, all));
        return r == null || r.state().isEnded();
    }

    private static void event(ServletOutputStream out, String name, JsonObject data) throws IOException {
        out.write(("event: " + name + "\ndata: " + WebServer.GSON.toJson(data) + "\n\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** So that a client which has gone is noticed, and a proxy keeps the connection. */
    private static void comment(ServletOutputStream out) throws IOException { out.write(": \n\n".getBytes(StandardCharsets.US_ASCII)); }
}
