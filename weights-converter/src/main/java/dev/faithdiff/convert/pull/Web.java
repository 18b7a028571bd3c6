package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.host.Version;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Requests over HTTP, through the proxies of the environment, that follow redirects and show the token to its own host only. */
public final class Web implements AutoCloseable {
    private static final int MOST_REDIRECTS = 10;
    private static final Duration CONNECT = Duration.ofSeconds(30), SILENCE = Duration.ofSeconds(60);

    /** An answer that is no redirect. @param lfs the file's SHA-256, where a server on the way told it as that of a large file; else null */
    record Answer(HttpResponse<InputStream> response, String lfs) {}

    private final Hosts hosts;
    private final Proxies proxies;
    private final HttpClient client;
    private final Consumer<Duration> sleep;
    private final Duration silence;

    public Web(Hosts hosts) { this(hosts, Web::sleep, SILENCE); }

    /** @param sleep waits between tries. @param silence after which a transfer counts as broken off */
    Web(Hosts hosts, Consumer<Duration> sleep, Duration silence) {
        this.hosts = hosts;
        this.sleep = sleep;
        this.silence = silence;
        // Without this the JDK does not tell a proxy that is asked for a tunnel who asks.
        if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
        proxies = new Proxies(hosts.environment());
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).followRedirects(HttpClient.Redirect.NEVER).connectTimeout(CONNECT)
                .proxy(proxies).build();
    }

    Hosts hosts() { return hosts; }

    Duration longestSilence() { return silence; }

    void pause(Duration time) { sleep.accept(time); }

    private static void sleep(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("stopped");
        }
    }

    /**
     * Asks for a file, or a part of it.
     *
     * @param range   value of the header Range, or null
     * @param ifRange the version that the range is for, or null
     * @throws IOException  if the connection fails
     * @throws ConvertError if a redirect is refused
     */
    Answer get(URI address, String range, String ifRange) throws IOException {
        String lfs = null;
        URI at = address;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpResponse<InputStream> r = send(at, range, ifRange);
            String linked = r.headers().firstValue("X-Linked-ETag").orElse("").replaceAll("^(W/)?\"|\"$", "");
            if (lfs == null && linked.matches("[0-9a-f]{64}")) lfs = linked;
            if (!isRedirect(r)) return new Answer(r, lfs);
            r.body().close();
            at = target(at, r.headers().firstValue("Location").orElse(""));
        }
        throw new ConvertError(address + ": redirects more than " + MOST_REDIRECTS + " times");
    }

    private HttpResponse<InputStream> send(URI at, String range, String ifRange) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(at).header("User-Agent", Version.PROGRAM.replace(' ', '/'));
        String token = hosts.token(at);
        if (token != null) request.header("Authorization", "Bearer " + token);
        String proxyUser = proxies.authorization(at);
        if (proxyUser != null) request.header("Proxy-Authorization", proxyUser);
        if (range != null) request.header("Range", range);
        if (ifRange != null) request.header("If-Range", ifRange);
        // A time limit of the request itself would, in later JDKs, be one for all of the body.
        CompletableFuture<HttpResponse<InputStream>> answer = client.sendAsync(request.build(), BodyHandlers.ofInputStream());
        try {
            return answer.get(silence.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new IOException("no answer for " + silence.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ConnectException) throw new IOException("no connection to " + at.getHost(), e);
            throw new IOException(e.getCause().getMessage() == null ? e.getCause().toString() : e.getCause().getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("stopped");
        }
    }

    private static boolean isRedirect(HttpResponse<?> r) {
        return switch (r.statusCode()) { case 301, 302, 303, 307, 308 -> true; default -> false; };
    }

    private static URI target(URI at, String location) {
        try {
            URI next = at.resolve(location);
            boolean isAsSafe = "https".equals(next.getScheme()) || "http".equals(next.getScheme()) && at.getScheme().equals("http");
            if (isAsSafe && next.getHost() != null && !location.isEmpty()) return next;
        } catch (IllegalArgumentException e) {
            throw new ConvertError(at + ": redirects to '" + ModelError.clean(location) + "', which is no address");
        }
        throw new ConvertError(at + ": redirects to '" + ModelError.clean(location) + "', which is not followed");
    }

    /** What to do about a file that is not given to anybody. */
    String advice(URI address) {
        if (hosts.mirror() != null) return "ask whoever keeps the mirror";
        boolean sent = hosts.token(address) != null;
        return sent ? "the token in HF_TOKEN may not read it; accept the terms on its page there, or take another token"
                : "it may need a token: accept the terms on its page there and put your token into HF_TOKEN";
    }

    @Override public void close() { client.shutdownNow(); }
}
