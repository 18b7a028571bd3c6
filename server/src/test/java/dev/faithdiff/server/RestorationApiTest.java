package dev.faithdiff.server;

import static dev.faithdiff.server.ServedSmallModel.SLOW;
import static dev.faithdiff.server.ServedSmallModel.json;
import static dev.faithdiff.server.ServedSmallModel.noise;
import static dev.faithdiff.server.ServedSmallModel.png;
import static dev.faithdiff.server.ServedSmallModel.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.cli.ModelChoice;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.Device;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the API gives is what the library gives; what waits and what is done outlives the server. */
class RestorationApiTest {
    private static final Map<String, String> QUICK = Map.of("steps", "2", "scale", "2", "color-fix", "none");

    @TempDir static Path state;
    @TempDir Path other;
    private static ServedSmallModel server;

    @BeforeAll static void start() { server = new ServedSmallModel(state, null); }

    @AfterAll static void stop() { server.close(); }

    private static byte[] byLibrary(byte[] file, ImageFormat format, Map<String, String> given) {
        ModelChoice choice = ModelChoice.of(null);
        try (Restorer r = choice.open(Compute.on(Device.CPU))) {
            Options o = options(r, given);
            Photo photo = ImageFiles.readPhoto(file, "photo.png", false);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ResultSettings settings = new ResultSettings(choice.names(), choice.digests(), o, r.options());
            ImageFiles.write(Batch.result(photo, r.restore(photo.visible(), o), settings, true), out, new Encoding(format));
            return out.toByteArray();
        }
    }

    private static Options options(Restorer r, Map<String, String> given) {
        Options o = r.defaults();
        for (var g : given.entrySet()) {
            o = o.parsed(r.options().stream().filter(x -> x.name().equals(g.getKey())).findFirst().orElseThrow(), g.getValue());
        }
        return o;
    }

    private static Image image(HttpResponse<byte[]> answer) {
        assertThat(answer.statusCode()).as(text(answer).substring(0, Math.min(200, answer.body().length))).isEqualTo(200);
        return ImageFiles.readPhoto(answer.body(), "answer", true).image();
    }

    @Test void aPhotoGoesInAndTheLibrarysBytesComeOut() throws Exception {
        byte[] photo = png(noise(40, 24, 1));
        HttpResponse<byte[]> added = server.post(photo, "me", QUICK);
        String id = json(added).get("id").getAsString();
        assertThat(added.headers().firstValue("Location")).hasValue("/v1/restorations/" + id);
        assertThat(server.events(id)).contains("event: state", "\"state\":\"done\"");
        JsonObject facts = json(server.get("/v1/restorations/" + id));
        assertThat(facts.getAsJsonObject("result").get("width").getAsInt()).isEqualTo(80);
        assertThat(facts.get("name").getAsString()).isEqualTo("photo.png");
        String result = "/v1/restorations/" + id + "/result";
        assertThat(server.get(result).body()).isEqualTo(byLibrary(photo, ImageFormat.PNG, QUICK));
        HttpResponse<byte[]> jpeg = server.get(result + "?format=jpg&download=1");
        assertThat(jpeg.body()).isEqualTo(byLibrary(photo, ImageFormat.JPEG, QUICK));
        assertThat(jpeg.headers().firstValue("Content-Disposition")).hasValue("attachment; filename*=UTF-8''photo-restored.jpg");
        assertThat(jpeg.headers().firstValue("Content-Type")).hasValue("image/jpeg");
        assertThat(server.get("/v1/restorations/" + id + "/preview").statusCode()).isEqualTo(404);
    }

    @Test void blendsAreWhatANewRunWouldGive() throws Exception {
        byte[] photo = png(noise(40, 24, 2));
        String id = server.add(photo, "me", QUICK), result = "/v1/restorations/" + id + "/result";
        server.await(id, "done");
        for (Map<String, String> change : List.of(Map.of("fidelity", "0.4"), Map.of("color-fix", "wavelet"),
                Map.of("color-fix", "adain", "fidelity", "0.2"))) {
            Map<String, String> all = new HashMap<>(QUICK);
            all.putAll(change);
            String query = String.join("&", change.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
            Image anew = ImageFiles.readPhoto(byLibrary(photo, ImageFormat.PNG, all), "new", true).image();
            assertThat(image(server.get(result + "?" + query))).as(query).isEqualTo(anew);
        }
        Image own = image(server.get(result)), before = image(server.get("/v1/restorations/" + id + "/before"));
        assertThat(before).isEqualTo(Resize.resize(noise(40, 24, 2), 80, 48, Filter.LANCZOS));
        assertThat(image(server.get(result + "?strength=0.25"))).isEqualTo(own.mix(before, 0.25));
        assertThat(image(server.get(result + "?color-fix=lab&side=20")).width()).isEqualTo(20);
        assertThat(text(server.get(result + "?strength=0.25"))).contains("\"blend\":{\"strength\":0.25,\"fidelity\":0");
        assertThat(server.get(result + "?strength=2").statusCode()).isEqualTo(422);
        assertThat(ColorFix.values()).as("those that the page shows").hasSize(4);
    }

    @Test void jsonDoesWhatAFormDoes() throws Exception {
        byte[] photo = png(noise(24, 16, 3));
        String body = "{\"photo\":\"" + Base64.getEncoder().encodeToString(photo)
                + "\",\"name\":\"../../x/y.png\",\"options\":{\"steps\":2,\"scale\":2,\"color-fix\":\"none\"}}";
        HttpResponse<byte[]> added = server.send(HttpRequest.newBuilder(URI.create(server.at("/v1/restorations")))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
        assertThat(added.statusCode()).as(text(added)).isEqualTo(202);
        assertThat(json(added).get("name").getAsString()).isEqualTo("y.png");
        String id = json(added).get("id").getAsString();
        server.await(id, "done");
        assertThat(server.get("/v1/restorations/" + id + "/result").body()).isEqualTo(byLibrary(photo, ImageFormat.PNG, QUICK));
    }

    @Test void theReportAndItsMapsAreThere() throws Exception {
        String id = server.add(png(noise(40, 24, 4)), "me", QUICK);
        server.await(id, "done");
        JsonObject report = json(server.get("/v1/restorations/" + id + "/report"));
        assertThat(report.getAsJsonObject("figures").keySet()).contains("consistency", "deltaE", "change");
        for (String map : report.getAsJsonObject("maps").keySet()) {
            assertThat(image(server.get("/v1/restorations/" + id + "/maps/" + map)).width()).isEqualTo(80);
        }
        assertThat(report.getAsJsonObject("maps").keySet()).containsExactly("change", "unexplained");
        assertThat(server.get("/v1/restorations/" + id + "/maps/score").statusCode()).isEqualTo(404);
        assertThat(report.getAsJsonArray("sentences").toString()).contains("no calibration");
    }

    @Test void manyResultsComeAsOneZip() throws Exception {
        byte[] photo = png(noise(24, 16, 5));
        List<String> ids = List.of(server.add(photo, "me", QUICK), server.add(photo, "me", QUICK));
        for (String id : ids) server.await(id, "done");
        HttpResponse<byte[]> zip = server.get("/v1/results.zip?ids=" + String.join(",", ids));
        List<String> names = new ArrayList<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip.body()))) {
            for (ZipEntry e; (e = in.getNextEntry()) != null; ) {
                names.add(e.getName());
                assertThat(in.readAllBytes()).isEqualTo(byLibrary(photo, ImageFormat.PNG, QUICK));
            }
        }
        assertThat(names).containsExactly("photo-restored.png", "photo-restored-2.png");
    }

    @Test void theQueueIsBoundedFairAndLetsGo() throws Exception {
        byte[] photo = png(noise(48, 32, 6));
        try (ServedSmallModel own = new ServedSmallModel(other, null)) {
            String running = own.add(photo, "a", SLOW);
            own.await(running, "running");
            String a1 = own.add(photo, "a", SLOW), a2 = own.add(photo, "a", QUICK), b1 = own.add(photo, "b", QUICK);
            assertThat(List.of(place(own, a1), place(own, b1), place(own, a2))).containsExactly(1, 2, 3);
            String a3 = own.add(photo, "a", QUICK);
            HttpResponse<byte[]> full = own.post(photo, "c", QUICK);
            assertThat(full.statusCode()).isEqualTo(429);
            assertThat(Integer.parseInt(full.headers().firstValue("Retry-After").orElseThrow())).isPositive();
            assertThat(json(own.delete(a1)).get("state").getAsString()).isEqualTo("cancelled");
            long begun = System.nanoTime();
            assertThat(own.delete(running).statusCode()).isEqualTo(202);
            own.await(running, "cancelled");
            assertThat((System.nanoTime() - begun) / 1e9).isLessThan(3);
            for (String id : List.of(a2, b1, a3)) own.await(id, "done");
            assertThat(own.get("/v1/restorations/" + running + "/result").statusCode()).isEqualTo(404);
            assertThat(own.delete(running).statusCode()).isEqualTo(204);
            assertThat(own.get("/v1/restorations/" + running).statusCode()).isEqualTo(404);
            assertThat(other.resolve("jobs").resolve(running)).doesNotExist();
        }
    }

    private static int place(ServedSmallModel own, String id) throws Exception {
        return json(own.get("/v1/restorations/" + id)).get("position").getAsInt();
    }

    @Test void whatIsDoneStaysAndWhatWaitedGoesOnAfterARestart() throws Exception {
        byte[] photo = png(noise(48, 32, 7));
        String done, running, waiting;
        byte[] result;
        Files.createDirectories(other.resolve("tmp"));
        Files.writeString(other.resolve("tmp/left-over"), "x");
        try (ServedSmallModel own = new ServedSmallModel(other, null)) {
            assertThat(other.resolve("tmp/left-over")).doesNotExist();
            done = own.add(photo, "a", QUICK);
            own.await(done, "done");
            result = own.get("/v1/restorations/" + done + "/result").body();
            running = own.add(photo, "a", SLOW);
            waiting = own.add(photo, "a", QUICK);
            own.await(running, "running");
        }
        try (ServedSmallModel own = new ServedSmallModel(other, null)) {
            assertThat(own.get("/v1/restorations/" + done + "/result").body()).isEqualTo(result);
            own.await(running, "running");
            own.delete(running);
            own.await(waiting, "done");
            JsonArray listed = json(own.get("/v1/restorations")).getAsJsonArray("restorations");
            assertThat(listed).hasSize(3);
        }
        try (Stream<Path> files = Files.list(other.resolve("tmp"))) {
            assertThat(files).isEmpty();
        }
    }

    @Test void whatTakesTooLongFails() throws Exception {
        try (ServedSmallModel own = new ServedSmallModel(other, null, 1)) {
            String slow = own.add(png(noise(48, 32, 9)), "a", SLOW), quick = own.add(png(noise(24, 16, 9)), "a", QUICK);
            own.await(slow, "failed");
            assertThat(json(own.get("/v1/restorations/" + slow)).get("error").getAsString()).isEqualTo("it took longer than 1 s");
            own.await(quick, "done");
        }
    }

    @Test void oneServerAloneUsesAFolder() {
        assertThat(catchThrowable(() -> new ServedSmallModel(state, null))).hasMessageContaining("another server uses the folder");
    }

    @Test void optionsAreThoseOfTheRestorer() throws Exception {
        JsonArray options = json(server.get("/v1/options")).getAsJsonArray("options");
        try (Restorer r = ModelChoice.of(null).open(Compute.on(Device.CPU))) {
            assertThat(options.asList().stream().map(o -> o.getAsJsonObject().get("name").getAsString()).toList())
                    .isEqualTo(r.options().stream().map(o -> o.name()).toList());
            JsonObject fix = options.asList().stream().map(o -> o.getAsJsonObject()).filter(o -> o.get("name").getAsString().equals("color-fix"))
                    .findFirst().orElseThrow();
            assertThat(fix.get("default").getAsString()).isEqualTo(r.defaults().get(CommonOptions.COLOR_FIX).toString());
            assertThat(fix.getAsJsonArray("choices")).hasSize(ColorFix.values().length);
        }
        assertThat(text(server.get("/v1/models"))).contains("small-model");
    }

    @Test void whatTheDocumentPromisesIsServed() throws Exception {
        JsonObject paths = json(server.get("/openapi.json")).getAsJsonObject("paths");
        String id = server.add(png(noise(24, 16, 8)), "me", QUICK);
        server.await(id, "done");
        for (String path : paths.keySet()) {
            if (path.endsWith("events")) continue;
            String real = path.replace("{id}", id).replace("{map}", "change");
            if (paths.getAsJsonObject(path).has("get")) {
                int status = server.get(real).statusCode();
                assertThat(status).as(path).isIn(path.endsWith("preview") ? 404 : path.endsWith(".zip") ? 400 : path.endsWith("session") ? 204 : 200);
            }
        }
        assertThat(text(server.get("/openapi.json"))).contains("\"color-fix\":{\"type\":\"string\"");
        String metrics = text(server.get("/metrics"));
        assertThat(metrics).contains("faithdiff_restorations_seconds_count{model=\"small-model\",state=\"done\"}", "faithdiff_queue_length 0.0",
                "jvm_memory_used_bytes", "path=\"/v1/restorations/{id}/result\"");
    }
}
