package dev.faithdiff.server;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.server.api.ServerMetrics;
import dev.faithdiff.server.api.RestorationApi;
import dev.faithdiff.server.job.RestorationStore;
import dev.faithdiff.server.job.Restorations;
import dev.faithdiff.server.job.ServedModel;
import dev.faithdiff.tensor.Device;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A server of the tests' small model on a free port, and a client of it. */
final class ServedSmallModel implements AutoCloseable {
    static final int QUEUE = 4, IDLE_MILLIS = 1500;
    static final long BYTES = 1 << 20, PIXELS = 1 << 20;
    static final String MODEL = "small-model";
    /** Options with which a small photo takes seconds. */
    static final Map<String, String> SLOW = Map.of("steps", "900", "scale", "8");

    final Restorations all;
    final WebServer web;
    final int port;
    private final HttpClient client = HttpClient.newHttpClient();

    ServedSmallModel(Path state, String token) { this(state, token, 60); }

    /** @param seconds that a restoration may take */
    ServedSmallModel(Path state, String token, int seconds) {
        ServerMetrics metrics = new ServerMetrics();
        RestorationStore store = new RestorationStore(state);
        ServedModel model = new ServedModel(null, Compute.on(Device.CPU));
        all = new Restorations(store, Map.of(MODEL, model), new Restorations.Room(QUEUE, seconds, 1, 1 << 30, 0), new DeviceLock(), metrics::ended);
        RestorationApi api = new RestorationApi(all, new RestorationApi.Allowed(BYTES, PIXELS), metrics);
        WebServer.Settings settings = new WebServer.Settings("127.0.0.1", 0, token, List.of(), BYTES, IDLE_MILLIS, store.temporary());
        web = new WebServer(settings, List.of(api, ServeCommand.PAGE, ServeCommand.VIEWER));
        port = web.port();
        all.start();
    }

    String at(String path) { return "http://127.0.0.1:" + port + path; }

    HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofByteArray());
    }

    HttpResponse<byte[]> get(String path) throws Exception { return send(HttpRequest.newBuilder(URI.create(at(path)))); }

    HttpResponse<byte[]> delete(String id) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(at("/v1/restorations/" + id))).DELETE());
    }

    /** A request with a photo as a form. */
    HttpRequest.Builder form(byte[] photo, String name, Map<String, String> fields) throws Exception {
        String mark = "----------mark";
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (var f : fields.entrySet()) {
            body.write(("--" + mark + "\r\nContent-Disposition: form-data; name=\"" + f.getKey() + "\"\r\n\r\n" + f.getValue()
                    + "\r\n").getBytes(StandardCharsets.UTF_8));
        }
        body.write(("--" + mark + "\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"" + name + "\"\r\nContent-Type: image/png\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        body.write(photo);
        body.write(("\r\n--" + mark + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return HttpRequest.newBuilder(URI.create(at("/v1/restorations"))).header("Content-Type", "multipart/form-data; boundary=" + mark)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()));
    }

    HttpResponse<byte[]> post(byte[] photo, String client, Map<String, String> fields) throws Exception {
        return send(form(photo, "photo.png", fields).header("X-FaithDiff-Client", client));
    }

    /** Queues a photo, and gives its id. */
    String add(byte[] photo, String client, Map<String, String> fields) throws Exception {
        HttpResponse<byte[]> answer = post(photo, client, fields);
        if (answer.statusCode() != 202) throw new AssertionError(answer.statusCode() + " " + text(answer));
        return json(answer).get("id").getAsString();
    }

    String state(String id) throws Exception { return json(get("/v1/restorations/" + id)).get("state").getAsString(); }

    /** All events of a restoration until it ended. */
    String events(String id) throws Exception { return text(get("/v1/restorations/" + id + "/events")); }

    void await(String id, String state) throws Exception {
        for (int i = 0; i < 1000 && !state(id).equals(state); i++) Thread.sleep(10);
        if (!state(id).equals(state)) throw new AssertionError(id + " is " + state(id) + ", not " + state);
    }

    static String text(HttpResponse<byte[]> answer) { return new String(answer.body(), StandardCharsets.UTF_8); }

    static JsonObject json(HttpResponse<byte[]> answer) { return JsonParser.parseString(text(answer)).getAsJsonObject(); }

    static Image noise(int width, int height, long seed) {
        byte[] rgb = new byte[3 * width * height];
        new Random(seed).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    static byte[] png(Image image) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageFiles.write(Photo.of(image), out, new Encoding(ImageFormat.PNG));
        return out.toByteArray();
    }

    @Override public void close() {
        all.close();
        client.shutdownNow();
        web.close();
    }
}
