package dev.faithdiff.convert.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.ReleaseServer;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.pull.Download.Check;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of an encrypted server, through a proxy that makes tunnels. */
@Tag("process")
class TunnelTest {
    private static final String HOST = "weights.example", PATH = "/owner/repository/resolve/main/w.bin", SECRET = "secret",
            USER = "proxy-authorization: ";
    private static final byte[] FILE = new byte[300_000];
    private static SSLContext tls, before;

    @TempDir static Path keys;
    @TempDir Path dir;

    private final Map<String, String> environment = new HashMap<>();
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final ReleaseServer server = new ReleaseServer(tls);
    private final Proxy proxy = new Proxy();

    /** A proxy that knows no host but the server's, whatever it is called. */
    private final class Proxy implements AutoCloseable {
        private final ServerSocket socket;
        /** The first lines of requests, and who their headers say asks, or nothing. */
        private final List<String> asked = new CopyOnWriteArrayList<>(), users = new CopyOnWriteArrayList<>();
        private volatile String refusal;

        Proxy() {
            try {
                socket = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Thread.startVirtualThread(() -> {
                while (!socket.isClosed()) {
                    try {
                        Socket client = socket.accept();
                        Thread.startVirtualThread(() -> serve(client));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        private void serve(Socket client) {
            try (client) {
                List<String> lines = head(client.getInputStream()).lines().toList();
                asked.add(lines.getFirst());
                users.add(lines.stream().filter(l -> l.toLowerCase(Locale.ROOT).startsWith(USER)).map(l -> l.substring(USER.length())).findFirst()
                        .orElse(""));
                if (refusal != null) {
                    client.getOutputStream().write(("HTTP/1.1 " + refusal + "\r\nContent-Length: 0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
                    return;
                }
                try (Socket target = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                    client.getOutputStream().write("HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    Thread there = Thread.startVirtualThread(() -> pump(client, target));
                    pump(target, client);
                    there.join(1000);
                }
            } catch (IOException | InterruptedException e) {
                // the client went away
            }
        }

        private static String head(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            for (int b; head.indexOf("\r\n\r\n") < 0 && (b = in.read()) >= 0; ) head.append((char) b);
            return head.toString();
        }

        private static void pump(Socket from, Socket to) {
            try {
                from.getInputStream().transferTo(to.getOutputStream());
                to.shutdownOutput();
            } catch (IOException e) {
                // one of them went away
            }
        }

        @Override public void close() throws IOException { socket.close(); }
    }

    @BeforeAll static void makeCertificate() throws Exception {
        new Random(5).nextBytes(FILE);
        Path store = keys.resolve("keys.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-keyalg", "EC",
                "-alias", "a", "-dname", "CN=" + HOST, "-ext", "san=dns:" + HOST + ",ip:127.0.0.1", "-storetype", "PKCS12", "-keystore",
                store.toString(), "-storepass", SECRET + SECRET).redirectErrorStream(true).start();
        assertThat(new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).doesNotContain("error");
        KeyStore all = KeyStore.getInstance(store.toFile(), (SECRET + SECRET).toCharArray());
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(all, (SECRET + SECRET).toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("a", all.getCertificate("a"));
        TrustManagerFactory others = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(trusted);
        tls = SSLContext.getInstance("TLS");
        tls.init(own.getKeyManagers(), others.getTrustManagers(), null);
        before = SSLContext.getDefault();
        SSLContext.setDefault(tls);
    }

    @AfterAll static void forgetCertificate() { SSLContext.setDefault(before); }

    @BeforeEach void serve() {
        server.put(PATH, FILE);
        environment.put("HF_ENDPOINT", "https://" + HOST);
        environment.put("HF_TOKEN", SECRET);
        environment.put("https_proxy", "http://127.0.0.1:" + proxy.socket.getLocalPort());
        environment.put("http_proxy", "http://127.0.0.1:1");
    }

    @AfterEach void stop() throws IOException {
        proxy.close();
        server.close();
    }

    private void fetch() {
        ModelRegistry.Repository source = new ModelRegistry.Repository(Hosts.HUB, "owner/repository", "main", "MIT", "", false, false, Map.of());
        Hosts hosts = new Hosts(null, environment::get);
        try (Web web = new Web(hosts, pause -> { }, Duration.ofSeconds(20))) {
            TransferLine line = new TransferLine(new PrintStream(said, true, StandardCharsets.UTF_8), FILE.length);
            new Download(web, line, "w.bin", hosts.address(source, "w.bin"), dir.resolve("w.bin"), ReleaseServer.sha256(FILE), Check.REGISTRY).run();
        }
    }

    private void fails(String says) {
        assertThatThrownBy(this::fetch).isInstanceOf(ConvertError.class).hasMessageContaining(says)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
        assertThat(dir.resolve("w.bin")).doesNotExist();
    }

    @Test void filesComeThroughATunnel() {
        fetch();
        assertThat(dir.resolve("w.bin")).hasBinaryContent(FILE);
        assertThat(proxy.asked).isNotEmpty().allMatch(("CONNECT " + HOST + ":443 HTTP/1.1")::equals);
        assertThat(proxy.users).containsOnly("");
        assertThat(server.requests()).containsExactly(new ReleaseServer.Request(PATH, null, null, "Bearer " + SECRET));
    }

    /** The proxy gets the password and not the token, the server the token and not the password. */
    @Test void eachGetsItsOwnSecret() {
        environment.put("https_proxy", "http://ann:b%20c@127.0.0.1:" + proxy.socket.getLocalPort());
        String[] seen = {"?"};
        server.then((e, f) -> {
            seen[0] = e.getRequestHeaders().getFirst("Proxy-Authorization");
            e.sendResponseHeaders(503, -1);
        });
        fetch();
        assertThat(dir.resolve("w.bin")).hasBinaryContent(FILE);
        assertThat(seen[0]).isNull();
        assertThat(proxy.users).isNotEmpty().containsOnly("Basic YW5uOmIgYw=="); // ann:b c
    }

    /** What breaks off goes on, through a tunnel of its own. */
    @Test void brokenTunnelsAreMadeAgain() {
        server.then(ReleaseServer.breaksOff(FILE.length, FILE.length / 2));
        fetch();
        assertThat(dir.resolve("w.bin")).hasBinaryContent(FILE);
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("broke off");
    }

    @Test void refusalsOfTheProxyAreSaid() {
        proxy.refusal = "407 Proxy Authentication Required";
        fails("the proxy asks for a name and a password (407)");
        proxy.refusal = "403 Forbidden";
        fails("403");
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("403");
        assertThat(server.requests()).isEmpty();
    }

    @Test void exceptedHostsAreAskedThemselves() {
        environment.put("HF_ENDPOINT", "https://127.0.0.1:" + server.port());
        environment.put("no_proxy", "127.0.0.1");
        fetch();
        assertThat(dir.resolve("w.bin")).hasBinaryContent(FILE);
        assertThat(proxy.asked).isEmpty();
    }

    /** A certificate that nobody vouches for is refused through a tunnel, too. */
    @Test void strangersCertificatesAreRefused() throws Exception {
        SSLContext strict = SSLContext.getInstance("TLS");
        strict.init(null, null, null);
        SSLContext.setDefault(strict);
        try {
            fails("did not give w.bin");
            assertThat(server.requests()).isEmpty();
        } finally {
            SSLContext.setDefault(tls);
        }
    }

    @Test void withoutAProxyNobodyIsThere() throws IOException {
        proxy.close();
        fails("no connection to " + HOST);
    }
}
