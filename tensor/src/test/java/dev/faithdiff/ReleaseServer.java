package dev.faithdiff;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** A server of files on this machine that understands ranges and ETags, and does wrong on request. */
public final class ReleaseServer implements AutoCloseable {
    /** One request. Headers that it lacks are null. */
    public record Request(String path, String range, String ifRange, String authorization) {}

    /** Answers one request in place of the server. */
    @FunctionalInterface
    public interface Fault {
        void answer(HttpExchange exchange, byte[] file) throws IOException;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();

    public ReleaseServer() { this(null); }

    /** @param tls the certificate of an encrypted server; null: not encrypted */
    public ReleaseServer(SSLContext tls) {
        InetSocketAddress own = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try {
            if (tls == null) {
                server = HttpServer.create(own, 0);
            } else {
                HttpsServer encrypted = HttpsServer.create(own, 0);
                encrypted.setHttpsConfigurator(new HttpsConfigurator(tls));
                server = encrypted;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    public String address() { return "http://127.0.0.1:" + port(); }

    public int port() { return server.getAddress().getPort(); }

    /** Serves a file. */
    public void put(String path, byte[] bytes) { files.put(path, bytes); }

    /** The next requests are answered by these, one each. */
    public void then(Fault... next) { faults.addAll(Arrays.asList(next)); }

    /** What was asked for, in order. */
    public List<Request> requests() { return requests; }

    /** An answer without a file. @param headers names and values in turn */
    public static Fault status(int status, String... headers) {
        return (e, file) -> {
            for (int i = 0; i < headers.length; i += 2) e.getResponseHeaders().set(headers[i], headers[i + 1]);
            e.sendResponseHeaders(status, -1);
        };
    }

    /** Promises {@code length} bytes, and closes the connection after {@code sent} of the file. */
    public static Fault breaksOff(long length, int sent) {
        return (e, file) -> {
            e.getResponseHeaders().set("ETag", etag(file));
            e.sendResponseHeaders(200, length);
            e.getResponseBody().write(file, 0, sent);
            e.getResponseBody().flush();
        };
    }

    /** Sends half of the file, and then nothing for some time. */
    public static Fault fallsSilent(long millis) {
        return (e, file) -> {
            breaksOff(file.length, file.length / 2).answer(e, file);
            try {
                Thread.sleep(millis);
            } catch (InterruptedException x) {
                Thread.currentThread().interrupt();
            }
        };
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String etag(byte[] file) { return "\"" + sha256(file).substring(0, 20) + "\""; }

    private void answer(HttpExchange e) throws IOException {
        String path = e.getRequestURI().getPath();
        var h = e.getRequestHeaders();
        requests.add(new Request(path, h.getFirst("Range"), h.getFirst("If-Range"), h.getFirst("Authorization")));
        byte[] file = files.get(path);
        Fault fault = faults.poll();
        try (e) {
            if (fault != null) fault.answer(e, file);
            else if (file == null) e.sendResponseHeaders(404, -1);
            else serve(e, file, h.getFirst("Range"), h.getFirst("If-Range"));
        }
    }

    private static void serve(HttpExchange e, byte[] file, String range, String ifRange) throws IOException {
        e.getResponseHeaders().set("ETag", etag(file));
        boolean isPart = range != null && (ifRange == null || ifRange.equals(etag(file)));
        int from = isPart ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
        if (from >= file.length) {
            e.getResponseHeaders().set("Content-Range", "bytes */" + file.length);
            e.sendResponseHeaders(416, -1);
            return;
        }
        if (isPart) e.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (file.length - 1) + "/" + file.length);
        e.sendResponseHeaders(isPart ? 206 : 200, file.length - from);
        try (OutputStream out = e.getResponseBody()) {
            out.write(file, from, file.length - from);
        }
    }

    /** A text as a file. */
    public static byte[] text(String text) { return text.getBytes(StandardCharsets.UTF_8); }

    @Override public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
