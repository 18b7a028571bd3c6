package dev.faithdiff.server;

import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;

/** Ends requests, with status 408, whose bodies come more slowly than a rate. @param millis that a body has before the rate counts */
record LeastRate(long bytesPerSecond, long millis) implements HttpConfiguration.Customizer {
    @Override public Request customize(Request request, HttpFields.Mutable answer) { return new Timed(request); }

    private final class Timed extends Request.Wrapper {
        private long begun, bytes;

        Timed(Request request) { super(request); }

        @Override public Content.Chunk read() {
            if (begun == 0) begun = System.nanoTime();
            Content.Chunk chunk = super.read();
            if (chunk == null || Content.Chunk.isFailure(chunk)) return chunk;
            bytes += chunk.remaining();
            long gone = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            if (chunk.isLast() || gone < millis || bytes * 1000 >= bytesPerSecond * gone) return chunk;
            chunk.release();
            return Content.Chunk.from(new HttpException.RuntimeException(408, "the request comes too slowly"));
        }
    }
}
