package dev.faithdiff.convert.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.ReleaseServer;
import dev.faithdiff.ReleaseServer.Fault;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.pull.Download.Check;
import dev.faithdiff.convert.pull.Download.Fetched;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One file from a server that does wrong in all the ways that servers do. */
@Tag("full")
class DownloadTest {
    private static final byte[] FILE = new byte[700_000];
    static {
        new Random(3).nextBytes(FILE);
    }
    private static final String SUM = ReleaseServer.sha256(FILE), PATH = "/owner/repository/resolve/main/w.bin";

    @TempDir Path dir;

    private final ReleaseServer server = new ReleaseServer();
    private final Map<String, String> environment = new HashMap<>();
    private final List<Duration> pauses = new ArrayList<>();
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private String mirror;
    private Duration silence = Duration.ofSeconds(30);
    private Path file;

    @BeforeEach void serve() {
        server.put(PATH, FILE);
        environment.put("HF_ENDPOINT", server.address());
        environment.put("HF_TOKEN", "secret");
        file = dir.resolve("a/w.bin");
    }

    @AfterEach void stop() { server.close(); }

    private Fetched fetch(String expected) {
        ModelRegistry.Repository source = new ModelRegistry.Repository(Hosts.HUB, "owner/repository", "main", "MIT", "", false, false, Map.of());
        Hosts hosts = new Hosts(mirror, environment::get);
        try (Web web = new Web(hosts, pauses::add, silence)) {
            TransferLine line = new TransferLine(new PrintStream(said, true, StandardCharsets.UTF_8), FILE.length);
            return new Download(web, line, "w.bin", hosts.address(source, "w.bin"), file, expected, Check.REGISTRY).run();
        }
    }

    private void fails(String expected, String says) {
        assertThatThrownBy(() -> fetch(expected)).isInstanceOf(ConvertError.class).hasMessageContaining(says)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
        assertThat(file).doesNotExist();
    }

    private void arrived() {
        assertThat(file).hasBinaryContent(FILE);
        assertThat(file.getParent().toFile().list()).containsExactly("w.bin");
    }

    private String range(int request) { return server.requests().get(request).range(); }

    /** Half of the file, which arrives before the connection is closed. */
    private Fault half() {
        return (e, f) -> {
            ReleaseServer.breaksOff(FILE.length, FILE.length / 2).answer(e, f);
            for (long end = System.nanoTime() + 20_000_000_000L; new PartialFile(file).size() < FILE.length / 2 && System.nanoTime() < end; ) {
                Thread.onSpinWait();
            }
        };
    }

    @Test void arrivesAndIsChecked() {
        assertThat(fetch(SUM)).isEqualTo(new Fetched(SUM, Check.REGISTRY));
        arrived();
        assertThat(server.requests()).containsExactly(new ReleaseServer.Request(PATH, null, null, "Bearer secret"));
    }

    @Test void brokenOffGoesOn() {
        server.then(half());
        assertThat(fetch(null)).isEqualTo(new Fetched(SUM, Check.NONE));
        arrived();
        assertThat(range(1)).matches("bytes=\\d+-").isNotEqualTo("bytes=0-");
        assertThat(server.requests().get(1).ifRange()).as("the version that the range is for").isNotNull();
        assertThat(pauses).containsExactly(Duration.ofSeconds(1));
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("broke off");
    }

    @Test void givesUpAndAnotherRunGoesOn() {
        Fault nothing = (e, f) -> {
            long have = new PartialFile(file).size();
            e.getResponseHeaders().set("Content-Range", "bytes " + have + "-" + (f.length - 1) + "/" + f.length);
            e.sendResponseHeaders(206, f.length - have);
            e.getResponseBody().flush();
        };
        server.then(half(), nothing, nothing, nothing, nothing);
        fails(null, "bytes are kept, and the same command goes on from there");
        assertThat(pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4), Duration.ofSeconds(8));
        int asked = server.requests().size();
        fetch(null);
        arrived();
        assertThat(server.requests()).hasSize(asked + 1);
        assertThat(range(asked)).matches("bytes=\\d{5,}-");
    }

    @Test void anotherVersionBeginsAnew() {
        server.then(half());
        byte[] other = FILE.clone();
        other[5]++;
        server.then((e, f) -> {
            server.put(PATH, other);
            e.sendResponseHeaders(503, -1);
        });
        assertThat(fetch(null).sha256()).isEqualTo(ReleaseServer.sha256(other));
        assertThat(file).hasBinaryContent(other);
    }

    @Test void aPartOfSomethingElseIsThrownAway() throws Exception {
        Files.createDirectories(file.getParent());
        Files.write(new PartialFile(file).path(), new byte[1000]);
        fetch(SUM);
        arrived();
        assertThat(range(0)).isEqualTo("bytes=1000-");
        assertThat(range(1)).isNull();
        Files.write(new PartialFile(file).path(), new byte[1000]);
        fetch(null);
        assertThat(range(2)).as("without a checksum or an ETag nothing tells whether the part fits").isNull();
        arrived();
    }

    @Test void wrongBytesAreRefused() {
        String other = "0".repeat(64);
        fails(other, "has the SHA-256 " + SUM + ", but the released file has " + other);
        assertThat(file.getParent()).isEmptyDirectory();
        assertThat(server.requests()).hasSize(1);
    }

    @Test void theServersOwnSumCounts() {
        Fault wrong = ReleaseServer.status(302, "Location", PATH, "X-Linked-ETag", "\"" + "1".repeat(64) + "\"");
        server.then(wrong);
        fails(null, "the server promised " + "1".repeat(64));
        server.then(ReleaseServer.status(307, "Location", PATH, "X-Linked-ETag", "\"" + SUM + "\""));
        assertThat(fetch(null)).isEqualTo(new Fetched(SUM, Check.SERVER));
    }

    @Test void refusalsSayWhatToDo() {
        for (int status : new int[] {401, 403}) {
            server.then(ReleaseServer.status(status));
            fails(SUM, "does not give w.bin (" + status + "): the token in HF_TOKEN may not read it");
        }
        environment.remove("HF_TOKEN");
        server.then(ReleaseServer.status(401));
        fails(SUM, "it may need a token");
        server.then(ReleaseServer.status(404));
        fails(SUM, "has no w.bin (404): " + server.address() + PATH);
        server.then(ReleaseServer.status(418));
        fails(SUM, "answers 418");
        assertThat(pauses).isEmpty();
    }

    @Test void busyServersAreAskedAgain() {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(100));
        server.then(ReleaseServer.status(429, "Retry-After", "7"), ReleaseServer.status(503, "Retry-After", date), ReleaseServer.status(503));
        fetch(SUM);
        arrived();
        assertThat(pauses).hasSize(3);
        assertThat(pauses.getFirst()).isEqualTo(Duration.ofSeconds(7));
        assertThat(pauses.get(1)).isBetween(Duration.ofSeconds(90), Duration.ofSeconds(100));
        assertThat(pauses.get(2)).isEqualTo(Duration.ofSeconds(4));
    }

    @Test void busyForTooLongIsAnError() {
        server.then(ReleaseServer.status(429, "Retry-After", "3600"));
        fails(SUM, "is busy (429) and asks to wait for 60 minutes");
        Fault[] busy = new Fault[5];
        Arrays.fill(busy, ReleaseServer.status(503));
        server.then(busy);
        fails(SUM, "5 times in a row: it is busy (503)");
    }

    @Test void redirectsLoseTheTokenOnTheWay() {
        try (ReleaseServer other = new ReleaseServer()) {
            other.put("/blob", FILE);
            server.then(ReleaseServer.status(302, "Location", "/moved"), ReleaseServer.status(302, "Location", other.address() + "/blob"));
            fetch(SUM);
            arrived();
            assertThat(server.requests()).extracting(ReleaseServer.Request::authorization).containsExactly("Bearer secret", "Bearer secret");
            assertThat(other.requests()).containsExactly(new ReleaseServer.Request("/blob", null, null, null));
        }
    }

    @Test void strangeRedirectsAreRefused() {
        server.then(ReleaseServer.status(302, "Location", "file:///etc/passwd"));
        fails(SUM, "redirects to 'file:///etc/passwd', which is not followed");
        Fault[] round = new Fault[20];
        Arrays.fill(round, ReleaseServer.status(302, "Location", PATH));
        server.then(round);
        fails(SUM, "redirects more than 10 times");
    }

    /** More is promised than there is: the server says in the end that there is no more, and the checksum that all is there. */
    @Test void aLengthTooLargeIsFoundOut() {
        server.then(ReleaseServer.breaksOff(FILE.length + 1000, FILE.length));
        fetch(SUM);
        arrived();
    }

    @Test void aLengthTooSmallIsFoundOut() {
        server.then((e, f) -> {
            e.sendResponseHeaders(200, 1000);
            e.getResponseBody().write(f, 0, 1000);
        });
        fails(SUM, "has the SHA-256 " + ReleaseServer.sha256(Arrays.copyOf(FILE, 1000)));
    }

    @Test void aLengthBeyondTheDiskIsRefused() {
        server.then(ReleaseServer.breaksOff(1L << 60, 10));
        fails(SUM, "w.bin takes 1152921504.61 GB more, but only");
    }

    @Test void silenceIsABrokenTransfer() {
        silence = Duration.ofSeconds(5);
        server.then(ReleaseServer.fallsSilent(30_000));
        fetch(SUM);
        arrived();
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("nothing came for");
    }

    @Test void proxiesOfTheEnvironment() {
        environment.put("HF_ENDPOINT", "http://weights.example");
        environment.put("HTTP_PROXY", "http://ann:b%20c@127.0.0.1:" + server.port());
        List<String> users = new ArrayList<>();
        server.then((e, f) -> {
            users.add(e.getRequestHeaders().getFirst("Proxy-Authorization"));
            e.sendResponseHeaders(503, -1);
        });
        fetch(SUM);
        arrived();
        assertThat(users).containsExactly("Basic YW5uOmIgYw=="); // ann:b c
        assertThat(server.requests().getFirst().authorization()).as("unencrypted, to another machine").isNull();
        Proxies proxies = new Proxies(Map.of("https_proxy", "proxy.example:3128", "NO_PROXY", ".intern, hub.example:8443, 10.0.0.1")::get);
        assertThat(proxies.select(URI.create("https://a.example/x")).toString()).contains("proxy.example").contains("3128");
        for (String direct : List.of("https://a.intern", "https://intern", "https://hub.example:8443", "https://10.0.0.1", "http://a.example")) {
            assertThat(proxies.select(URI.create(direct))).as(direct).containsExactly(java.net.Proxy.NO_PROXY);
        }
        assertThat(proxies.select(URI.create("https://hub.example"))).doesNotContain(java.net.Proxy.NO_PROXY);
        environment.put("HTTP_PROXY", "socks5://127.0.0.1:1");
        assertThatThrownBy(() -> fetch(SUM)).hasMessageContaining("only proxies of the form http://HOST:PORT can be used");
    }

    @Test void mirrorsGetNoToken() {
        mirror = server.address() + "/hub/";
        server.put("/hub" + PATH, FILE);
        fetch(SUM);
        arrived();
        assertThat(server.requests()).containsExactly(new ReleaseServer.Request("/hub" + PATH, null, null, null));
        ModelRegistry.Repository release = new ModelRegistry.Repository(Hosts.RELEASES, "owner/repository", "v1", "MIT", "", false, false, Map.of());
        assertThat(new Hosts(mirror, environment::get).address(release, "w.pth").getPath())
                .isEqualTo("/hub/owner/repository/releases/download/v1/w.pth");
        assertThat(Hosts.published(release, "w.pth")).hasToString("https://github.com/owner/repository/releases/download/v1/w.pth");
        ModelRegistry.Repository file = new ModelRegistry.Repository(Hosts.RELEASES, "owner/repository", "0a".repeat(20), "MIT", "", false,
                false, Map.of());
        assertThat(Hosts.published(file, "a/w.pkl")).hasToString("https://github.com/owner/repository/raw/" + "0a".repeat(20) + "/a/w.pkl");
        mirror = "ftp://there";
        assertThatThrownBy(() -> fetch(SUM)).hasMessageContaining("is no address that begins with http:// or https://");
    }

    @Test void nobodyListens() {
        server.close();
        fails(SUM, "no connection to 127.0.0.1");
    }
}
