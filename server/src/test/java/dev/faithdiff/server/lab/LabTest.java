package dev.faithdiff.server.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Chromium;
import dev.faithdiff.server.WebServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each kind of kernel that somebody may try gets its verdict, and the server goes on. */
@Tag("process")
class LabTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));
    private static final String RIGHT = "op.reference(in, out);";

    @TempDir Path dir;
    private Trials trials;
    private WebServer web;

    @BeforeEach void serve() { serve(240); }

    private void serve(int seconds) {
        trials = new Trials(HOME, seconds);
        List<WebServer.Part> parts = new ArrayList<>(LabCommand.PAGE);
        parts.add(new LabApi(trials, new KernelSources(HOME)));
        web = new WebServer(new WebServer.Settings("127.0.0.1", 0, null, List.of(), 1 << 20, 5000, dir), parts);
    }

    @AfterEach void stop() {
        trials.close();
        web.close();
    }

    private HttpResponse<String> send(String path, JsonObject body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + web.port() + path))
                .header("Content-Type", "application/json");
        return HttpClient.newHttpClient().send((body == null ? request : request.POST(BodyPublishers.ofString(body.toString()))).build(),
                BodyHandlers.ofString());
    }

    private JsonObject get(String path) throws Exception { return JsonParser.parseString(send(path, null).body()).getAsJsonObject(); }

    /** The frame with another body. */
    private String frame(String body) throws Exception { return get("/v1/lab/source?op=AffineOp").get("source").getAsString().replace(RIGHT, body); }

    private HttpResponse<String> begin(String language, String subject, String source) throws Exception {
        JsonObject asked = new JsonObject();
        Map.of("language", language, "subject", subject, "source", source).forEach(asked::addProperty);
        return send("/v1/lab/trials", asked);
    }

    /** What a trial found, the verdict last. */
    private List<JsonObject> tried(String subject, String source) throws Exception {
        String id = JsonParser.parseString(begin("java", subject, source).body()).getAsJsonObject().get("id").getAsString();
        while (true) {
            JsonObject now = get("/v1/lab/trials/" + id);
            JsonArray found = now.getAsJsonArray("findings");
            if (now.get("ended").getAsBoolean()) return found.asList().stream().map(JsonElement::getAsJsonObject).toList();
            Thread.sleep(50);
        }
    }

    private String verdict(String body) throws Exception {
        JsonObject last = tried("AffineOp", frame(body)).getLast();
        return last.get("verdict").getAsString() + ": " + last.get("why").getAsString();
    }

    @Test void saysWhatIsWrong() throws Exception {
        assertThat(verdict("op.reference(in, out); if (out.count() > 2) out.set(1, 0);")).startsWith("wrong: ").contains("element 1 is 0.0");
        assertThat(verdict("throw new IllegalStateException(\"no\");")).startsWith("wrong: ").contains("throws");
        assertThat(verdict("dev.faithdiff.kernels.cpu.Vec.set(8L, 1f);")).startsWith("crashed: ").contains("SIGSEGV").contains("parity");
        assertThat(verdict("System.exit(3);")).startsWith("crashed: ").contains("exit code 3");
        List<JsonObject> rejected = tried("AffineOp", frame("op.reference(in, out)"));
        assertThat(rejected.getLast().get("verdict").getAsString()).isEqualTo("rejected");
        assertThat(rejected.getFirst().getAsJsonArray("errors").get(0).getAsJsonObject().get("line").getAsInt()).isEqualTo(15);
    }

    @Test void endsWhatDoesNotEnd() throws Exception {
        stop();
        serve(8);
        assertThat(verdict("while (in.length > 0) { if (in[0] == null) break; }")).startsWith("out of time: it had not ended after 8 s");
    }

    @Test void timesARightOne() throws Exception {
        List<JsonObject> found = tried("AffineOp", frame(RIGHT));
        assertThat(found).extracting(f -> f.get("stage").getAsString())
                .containsSubsequence("compile", "parity", "gradient", "limits", "time", "model", "picture", "verdict");
        assertThat(found.getLast().get("verdict").getAsString()).isEqualTo("slower"); // the reference
        JsonObject parity = found.get(1), picture = found.get(found.size() - 2), model = found.get(found.size() - 3);
        assertThat(parity.get("failed").getAsInt()).isZero();
        assertThat(model.get("runs").getAsInt()).isPositive();
        assertThat(picture.get("largest").getAsInt()).isLessThanOrEqualTo(1);
    }

    @Test void refusesWhatItCannotTry() throws Exception {
        assertThat(begin("java", "NoOp", "").statusCode()).isEqualTo(404);
        assertThat(begin("cuda", "../../etc/passwd", "").statusCode()).isEqualTo(422);
        assertThat(begin("python", "AffineOp", "").statusCode()).isEqualTo(422);
        assertThat(begin("java", "AffineOp", "x".repeat(1 << 19)).statusCode()).isEqualTo(413);
        assertThat(send("/v1/lab/trials/none", null).statusCode()).isEqualTo(404);
        assertThat(send("/v1/lab/source?cuda=../prelude.cuh", null).statusCode()).isEqualTo(404);
    }

    @Test void everyKernelsSourceIsAtHand() throws Exception {
        for (JsonElement o : get("/v1/lab/ops").getAsJsonArray("ops")) {
            String op = o.getAsJsonObject().get("op").getAsString();
            for (JsonElement kernel : o.getAsJsonObject().getAsJsonArray("kernels")) {
                String source = get("/v1/lab/source?op=" + op + "&kernel=" + kernel.getAsString()).get("source").getAsString();
                assertThat(source).as(kernel.getAsString()).containsPattern("class \\w+Trial");
            }
        }
    }

    @Test void aPersonTriesAKernelInABrowser() throws Exception {
        assumeTrue(Chromium.found() != null, "no Chromium is here");
        try (Chromium browser = new Chromium(dir.resolve("browser"))) {
            browser.open("http://127.0.0.1:" + web.port() + "/");
            browser.await("document.getElementById('source').value.includes('class LinearPackedTrial')");
            browser.value("(e => { e.value = 'AffineOp'; e.dispatchEvent(new Event('change')); })(document.getElementById('op'))");
            browser.await("document.getElementById('source').value.includes('class AffineEmittedTrial')");
            browser.value("(e => { e.value = e.value.replace('package', 'pack age'); document.getElementById('run').click(); "
                    + "})(document.getElementById('source'))");
            browser.await("!document.getElementById('verdict').hidden");
            assertThat(browser.value("document.getElementById('verdict').textContent").getAsString()).startsWith("rejected");
        }
    }
}
