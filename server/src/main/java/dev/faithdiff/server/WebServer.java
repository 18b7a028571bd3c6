package dev.faithdiff.server;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.config.SizeUnit;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * The HTTP server of all commands that have one: limits, who may ask, headers, errors as JSON, health, and the files of pages. What it serves besides
 * are its parts.
 */
public final class WebServer implements AutoCloseable {
    /** JSON as all answers have it. */
    public static final Gson GSON = new GsonBuilder().disableHtmlEscaping().serializeNulls().serializeSpecialFloatingPointValues().create();

    private static final int HEADER_BYTES = 8192, CONNECTIONS = 512, LEAST_RATE = 1024, IN_MEMORY = 1 << 16;
    private static final String POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
            + "frame-ancestors 'none'";
    private static final Map<String, String> TYPES = Map.of("html", "text/html;charset=utf-8", "css", "text/css;charset=utf-8",
            "js", "text/javascript;charset=utf-8", "json", "application/json", "svg", "image/svg+xml");

    /** Something that is served. */
    public interface Part {
        void addTo(RoutesConfig routes);

        /** Paths that everybody may see, since nobody's data are there. */
        default Set<String> open() { return Set.of(); }

        /** Null, or why it takes no more work. */
        default String unhealthy() { return null; }
    }

    /**
     * How it serves.
     *
     * @param port       0: a free one
     * @param token      that everybody must show; null: none
     * @param hosts      names by which it may be called, besides those of this machine
     * @param bytes      of a request's body, at most
     * @param idleMillis after which a silent connection is closed, and the time a client has for its headers
     * @param temporary  a folder for parts of requests
     */
    public record Settings(String host, int port, String token, List<String> hosts, long bytes, int idleMillis, Path temporary) {}

    private final Settings settings;
    private final Gatekeeper gate;
    private final HeaderDeadline deadline;
    private final List<Part> parts;
    private final Javalin javalin;

    /** Begins to serve. @throws IllegalStateException in one line if the port cannot be had */
    public WebServer(Settings settings, List<Part> parts) {
        this.settings = settings;
        this.parts = parts;
        gate = new Gatekeeper(settings.token, settings.hosts);
        deadline = new HeaderDeadline(settings.idleMillis);
        javalin = Javalin.create(this::configure);
        try {
            javalin.start(settings.host, settings.port);
        } catch (RuntimeException e) {
            deadline.close();
            throw new IllegalStateException("cannot serve at " + settings.host + ":" + settings.port + ": " + deepest(e), e);
        }
    }

    private static String deepest(Throwable e) { return e.getCause() == null ? String.valueOf(e.getMessage()) : deepest(e.getCause()); }

    public int port() { return javalin.port(); }

    private void configure(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.concurrency.useVirtualThreads = true;
        config.http.maxRequestSize = settings.bytes;
        config.http.compressionStrategy = CompressionStrategy.GZIP;
        config.http.asyncTimeout = 0;
        config.http.prefer405over404 = true;
        config.jetty.multipartConfig.cacheDirectory(settings.temporary.toString());
        config.jetty.multipartConfig.maxFileSize(settings.bytes, SizeUnit.BYTES);
        config.jetty.multipartConfig.maxTotalRequestSize(settings.bytes, SizeUnit.BYTES);
        config.jetty.multipartConfig.maxInMemoryFileSize(IN_MEMORY, SizeUnit.BYTES);
        config.jetty.modifyHttpConfiguration(this::limit);
        config.jetty.addConnector(this::connector);
        config.jetty.modifyServer(server -> server.setStopTimeout(2000));
        RoutesConfig routes = config.routes;
        routes.before(this::begin);
        routes.get(Gatekeeper.HEALTH, this::health);
        routes.get(Gatekeeper.SESSION, ctx -> {
            if (!gate.isShown(ctx)) throw new Refusal(401, "this server wants its token");
            ctx.status(204);
        });
        routes.post(Gatekeeper.SESSION, this::enter);
        for (Part p : parts) {
            p.addTo(routes);
            p.open().forEach(gate::open);
        }
        routes.exception(Refusal.class, (e, ctx) -> answer(ctx, e.status(), e.getMessage(), e.retryAfter()));
        routes.exception(HttpResponseException.class, (e, ctx) -> answer(ctx, e.getStatus(), e.getMessage(), 0));
        routes.exception(Exception.class, WebServer::failed);
    }

    private void limit(HttpConfiguration http) {
        http.setRequestHeaderSize(HEADER_BYTES);
        http.setSendServerVersion(false);
        http.addCustomizer(new LeastRate(LEAST_RATE, settings.idleMillis));
    }

    private Connector connector(Server server, HttpConfiguration http) {
        ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(settings.host);
        connector.setPort(settings.port);
        connector.setIdleTimeout(settings.idleMillis);
        connector.addBean(deadline);
        server.addBean(new NetworkConnectionLimit(CONNECTIONS, connector));
        return connector;
    }

    private void begin(Context ctx) {
        ctx.header("Content-Security-Policy", POLICY);
        ctx.header("X-Content-Type-Options", "nosniff");
        ctx.header("Referrer-Policy", "no-referrer");
        ctx.header("Cross-Origin-Opener-Policy", "same-origin");
        ctx.header("Cross-Origin-Resource-Policy", "same-origin");
        ctx.header("Cache-Control", "no-store");
        gate.check(ctx);
    }

    private void health(Context ctx) {
        String why = parts.stream().map(Part::unhealthy).filter(w -> w != null).findFirst().orElse(null);
        ctx.status(why == null ? 200 : 503);
        json(ctx, Map.of("status", why == null ? "ok" : why));
    }

    private void enter(Context ctx) {
        gate.enter(ctx, body(ctx).has("token") ? body(ctx).get("token").getAsString() : "");
        ctx.status(204);
    }

    /** A request's body, an object of JSON. @throws Refusal 400 or 415 */
    public static JsonObject body(Context ctx) {
        boolean isJson = ctx.contentType() != null && ctx.contentType().startsWith("application/json");
        if (!isJson) throw new Refusal(415, "the body must be application/json");
        try {
            return JsonParser.parseString(ctx.body()).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new Refusal(400, "the body is no object of JSON");
        }
    }

    /** Answers with a value as JSON. */
    public static void json(Context ctx, Object value) { ctx.contentType("application/json").result(GSON.toJson(value)); }

    private static void answer(Context ctx, int status, String line, int retryAfter) {
        if (ctx.res().isCommitted()) return;
        ctx.status(status);
        if (retryAfter > 0) ctx.header("Retry-After", String.valueOf(retryAfter));
        json(ctx, Map.of("status", status, "error", line == null ? "" : line));
    }

    private static void failed(Exception e, Context ctx) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof EofException) return; // the client has gone
            if (t instanceof HttpException h) {
                answer(ctx, h.getCode(), h.getReason(), 0);
                return;
            }
            if (t instanceof TimeoutException) {
                answer(ctx, 408, "the request came too slowly", 0);
                return;
            }
        }
        boolean isLarge = String.valueOf(e.getMessage()).matches("(?s).*(exceed|too large|max length).*");
        if (isLarge) answer(ctx, 413, "the request is too large", 0);
        else {
            System.err.println("faithdiff: " + ctx.method() + " " + ctx.path() + ": " + e);
            answer(ctx, 500, "this is a fault of the server", 0);
        }
    }

    /** The files of a page, which everybody may see, as a part. @param files resources beside a class, by the path they are served at */
    public static final class PageFiles implements Part {
        private final Class<?> owner;
        private final Map<String, String> files;

        public PageFiles(Class<?> owner, Map<String, String> files) {
            this.owner = owner;
            this.files = Map.copyOf(files);
        }

        @Override public void addTo(RoutesConfig routes) { files.forEach((path, name) -> routes.get(path, ctx -> send(ctx, name))); }

        @Override public Set<String> open() { return files.keySet(); }

        private void send(Context ctx, String name) {
            ctx.header("Cache-Control", "no-cache");
            try (InputStream in = owner.getResourceAsStream(name)) {
                if (in == null) throw new IllegalStateException("there is no resource " + name);
                ctx.contentType(TYPES.get(name.substring(name.lastIndexOf('.') + 1))).result(in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override public void close() {
        javalin.stop();
        deadline.close();
    }
}
