package dev.faithdiff.server;

import static dev.faithdiff.server.ServedSmallModel.BYTES;
import static dev.faithdiff.server.ServedSmallModel.IDLE_MILLIS;
import static dev.faithdiff.server.ServedSmallModel.noise;
import static dev.faithdiff.server.ServedSmallModel.png;
import static dev.faithdiff.server.ServedSmallModel.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that are wrong, too large, too slow, or another site's. */
class HostileRequestsTest {
    private static final String LIST = "/v1/restorations";

    @TempDir static Path state;
    @TempDir Path other;
    private static ServedSmallModel server;

    @BeforeAll static void start() { server = new ServedSmallModel(state, null); }

    @AfterAll static void stop() throws IOException {
        server.close();
        try (Stream<Path> left = Files.list(state.resolve("tmp"))) {
            assertThat(left).as("parts of requests").isEmpty();
        }
    }

    private static int post(String type, String body) throws Exception {
        return server.send(HttpRequest.newBuilder(URI.create(server.at(LIST))).header("Content-Type", type).POST(BodyPublishers.ofString(body)))
                .statusCode();
    }

    /** What a server answers to bytes, until it closes the connection. @param millisApart between bytes of the second half; 0: all at once */
    private static String raw(int port, String head, int millisApart) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(15_000);
            Thread writer = Thread.startVirtualThread(() -> {
                try {
                    byte[] bytes = head.getBytes(StandardCharsets.ISO_8859_1);
                    int slow = millisApart == 0 ? bytes.length : bytes.length / 2;
                    socket.getOutputStream().write(bytes, 0, slow);
                    for (int i = slow; i < bytes.length; i++) {
                        Thread.sleep(millisApart);
                        socket.getOutputStream().write(bytes[i]);
                    }
                } catch (IOException | InterruptedException e) {
                    // it was closed, as it should be
                }
            });
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            try {
                for (int b; (b = in.read()) >= 0; ) all.write(b);
            } catch (SocketException e) {
                // it was reset
            }
            writer.interrupt();
            return all.toString(StandardCharsets.UTF_8);
        }
    }

    private static String raw(String request) throws Exception { return raw(server.port, request + "Connection: close\r\n\r\n", 0); }

    private static int status(String answer) { return answer.isEmpty() ? 0 : Integer.parseInt(answer.split(" ")[1]); }

    @Test void wrongRequestsGetTheirStatus() throws Exception {
        byte[] photo = png(noise(16, 16, 1));
        assertThat(post("text/plain", "{}")).isEqualTo(415);
        assertThat(post("application/json", "{")).isEqualTo(400);
        assertThat(post("application/json", "[1]")).isEqualTo(400);
        assertThat(post("application/json", "{}")).isEqualTo(400);
        assertThat(post("application/json", "{\"photo\":\"***\"}")).isEqualTo(400);
        assertThat(post("application/json", "{\"photo\":\"AAAA\",\"odd\":1}")).isEqualTo(400);
        assertThat(post("application/json", "{\"photo\":\"AAAA\"}")).as("no photo").isEqualTo(422);
        assertThat(server.post(photo, "me", Map.of("scale", "99")).statusCode()).isEqualTo(422);
        assertThat(server.post(photo, "me", Map.of("no-such", "1")).statusCode()).isEqualTo(422);
        assertThat(server.post(photo, "me", Map.of("model", "other")).statusCode()).isEqualTo(422);
        HttpResponse<byte[]> large = server.post(png(noise(300, 300, 1)), "me", Map.of("scale", "16"));
        assertThat(large.statusCode()).isEqualTo(422);
        assertThat(text(large)).contains("4800x4800");
        assertThat(server.send(HttpRequest.newBuilder(URI.create(server.at(LIST))).PUT(BodyPublishers.noBody())).statusCode()).isEqualTo(405);
        assertThat(server.get("/v1/restorations?limit=no").statusCode()).isEqualTo(400);
        assertThat(server.get("/nothing").statusCode()).isEqualTo(404);
        assertThat(server.get("/v1/results.zip?ids=" + "0".repeat(24)).statusCode()).isEqualTo(404);
        HttpRequest.Builder chunked = HttpRequest.newBuilder(URI.create(server.at(LIST))).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8))));
        assertThat(server.send(chunked).statusCode()).isEqualTo(411);
        assertThat(text(server.get(LIST))).doesNotContain("\"name\":\"photo");
    }

    @Test void largeRequestsAreRefusedBeforeTheyAreRead() throws Exception {
        String head = "POST " + LIST + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + (BYTES + 1) + "\r\n";
        assertThat(status(raw(head))).isEqualTo(413);
        assertThat(status(raw("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + "a".repeat(20_000) + "\r\n"))).isEqualTo(431);
        assertThat(status(raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X-Many: a\r\n".repeat(2000)))).isEqualTo(431);
        assertThat(server.get("/" + "a".repeat(20_000)).statusCode()).isIn(414, 431);
    }

    /** A picture of 60000x60000 pixels in a few hundred bytes, and one of 4000x4000. */
    @Test void aBombIsRefusedByItsHeader() throws Exception {
        for (int side : new int[] {60_000, 4000}) {
            ByteArrayOutputStream file = new ByteArrayOutputStream(), pixels = new ByteArrayOutputStream();
            file.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
            chunk(file, "IHDR", ByteBuffer.allocate(13).putInt(side).putInt(side).put(new byte[] {8, 2, 0, 0, 0}).array());
            try (DeflaterOutputStream deflated = new DeflaterOutputStream(pixels)) {
                deflated.write(new byte[1000]);
            }
            chunk(file, "IDAT", pixels.toByteArray());
            chunk(file, "IEND", new byte[0]);
            HttpResponse<byte[]> answer = server.post(file.toByteArray(), "me", Map.of());
            assertThat(answer.statusCode()).isEqualTo(413);
            assertThat(text(answer)).contains(side + "x" + side + ", more than 1 megapixels");
        }
    }

    private static void chunk(ByteArrayOutputStream to, String type, byte[] data) throws IOException {
        byte[] named = ByteBuffer.allocate(4 + data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data).array();
        CRC32 sum = new CRC32();
        sum.update(named);
        to.write(ByteBuffer.allocate(named.length + 8).putInt(data.length).put(named).putInt((int) sum.getValue()).array());
    }

    @Test void slowClientsAreSentAway() throws Exception {
        long begun = System.nanoTime();
        String slowHead = raw(server.port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(200), 100);
        assertThat(slowHead).as("nothing was asked yet").isEmpty();
        assertThat((System.nanoTime() - begun) / 1e6).isBetween(0.8 * IDLE_MILLIS, 4.0 * IDLE_MILLIS);
        begun = System.nanoTime();
        String slowBody = raw(server.port, "POST " + LIST
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                + "{\"photo\":\"" + "A".repeat(300), 100);
        assertThat(status(slowBody)).as(slowBody).isEqualTo(408);
        assertThat((System.nanoTime() - begun) / 1e9).isLessThan(12);
        assertThat(server.get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test void pathsLeadNowhereElse() throws Exception {
        Files.writeString(state.resolve("secret"), "secret");
        for (String path : new String[] {"/../secret", "/..%2fsecret", "/%2e%2e/secret", "/v1/restorations/../../secret",
                "/v1/restorations/..%2f..%2fsecret/result", "/v1/restorations/%2e%2e/small", "//secret", "/style.css/../secret", "/page/index.html",
                "/v1/restorations/" + "g".repeat(24)}) {
            String answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
            assertThat(status(answer)).as(path).isIn(400, 404);
            assertThat(answer).doesNotContain("\r\n\r\nsecret");
        }
        HttpResponse<byte[]> named = server.send(server.form(png(noise(16, 16, 2)), "../../../etc/x.png", Map.of("steps", "2")));
        assertThat(text(named)).contains("\"name\":\"x.png\"");
    }

    @Test void otherSitesAreRefused() throws Exception {
        String get = "GET " + LIST + " HTTP/1.1\r\nHost: localhost:1\r\n";
        assertThat(status(raw(get))).isEqualTo(200);
        assertThat(status(raw("GET " + LIST + " HTTP/1.1\r\nHost: evil.example\r\n"))).as("a name turned to this machine").isEqualTo(403);
        assertThat(status(raw("GET /healthz HTTP/1.1\r\nHost: 10.0.0.7\r\n"))).as("a probe").isEqualTo(200);
        assertThat(status(raw(get + "Origin: http://evil.example\r\n"))).isEqualTo(403);
        assertThat(status(raw(get + "Origin: null\r\n"))).isEqualTo(403);
        assertThat(status(raw(get + "Origin: http://localhost:1\r\n"))).isEqualTo(200);
        assertThat(status(raw(get + "Sec-Fetch-Site: cross-site\r\n"))).isEqualTo(403);
        assertThat(status(raw(get + "Sec-Fetch-Site: same-origin\r\n"))).isEqualTo(200);
        assertThat(status(raw("DELETE " + LIST + "/" + "0".repeat(24) + " HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n")))
                .isEqualTo(403);
        assertThat(status(raw("GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"))).as("a link")
                .isEqualTo(200);
        String page = raw("GET / HTTP/1.1\r\nHost: localhost\r\n");
        assertThat(page).contains("Content-Security-Policy: default-src 'self'", "frame-ancestors 'none'", "X-Content-Type-Options: nosniff")
                .doesNotContain("Jetty");
    }

    @Test void aTokenOpensAndNothingElseDoes() throws Exception {
        try (ServedSmallModel own = new ServedSmallModel(other, "s3cret")) {
            assertThat(own.get(LIST).statusCode()).isEqualTo(401);
            assertThat(own.get("/metrics").statusCode()).isEqualTo(401);
            assertThat(own.get("/").statusCode()).isEqualTo(200);
            assertThat(own.get("/app.js").statusCode()).isEqualTo(200);
            assertThat(own.get("/healthz").statusCode()).isEqualTo(200);
            assertThat(own.get("/v1/session").statusCode()).isEqualTo(401);
            assertThat(own.send(HttpRequest.newBuilder(URI.create(own.at(LIST))).header("Authorization", "Bearer s3cret")).statusCode())
                    .isEqualTo(200);
            assertThat(own.send(HttpRequest.newBuilder(URI.create(own.at(LIST))).header("Authorization", "Bearer s3cre")).statusCode())
                    .isEqualTo(401);
            assertThat(own.send(HttpRequest.newBuilder(URI.create(own.at("/v1/session"))).header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"token\":\"no\"}"))).statusCode()).isEqualTo(401);
            HttpResponse<byte[]> entered = own.send(HttpRequest.newBuilder(URI.create(own.at("/v1/session")))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"token\":\"s3cret\"}")));
            String cookie = entered.headers().firstValue("Set-Cookie").orElseThrow();
            assertThat(cookie).contains("HttpOnly", "SameSite=Strict");
            assertThat(own.send(HttpRequest.newBuilder(URI.create(own.at(LIST))).header("Cookie", cookie.split(";")[0])).statusCode()).isEqualTo(200);
        }
    }
}
