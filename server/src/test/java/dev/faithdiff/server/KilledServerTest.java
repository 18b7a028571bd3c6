package dev.faithdiff.server;

import static dev.faithdiff.server.ServedSmallModel.noise;
import static dev.faithdiff.server.ServedSmallModel.png;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is killed in the middle loses no finished result, and one that is told to stop does so in order. */
@Tag("process")
class KilledServerTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir Path dir;

    /** A server in a process of its own. */
    private final class Served implements AutoCloseable {
        final Process process;
        final String address;

        Served() throws IOException {
            List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                    System.getProperty("java.class.path")));
            for (String name : new String[] {"faithdiff.home", "faithdiff.model", "faithdiff.tuned", "faithdiff.rates"}) {
                line.add("-D" + name + "=" + System.getProperty(name));
            }
            line.addAll(List.of(Main.class.getName(), "serve", "--port", "0", "--state", dir.resolve("state").toString(), "--device", "cpu",
                    "--grace", "0"));
            process = new ProcessBuilder(line).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            BufferedReader err = process.errorReader();
            String said = err.readLine();
            while (said != null && !said.startsWith("serving at ")) said = err.readLine();
            assertThat(said).as("where it serves").isNotNull();
            address = said.substring("serving at ".length());
            Thread.startVirtualThread(() -> err.lines().forEach(rest -> {}));
        }

        String text(String path) throws Exception {
            return client.send(HttpRequest.newBuilder(URI.create(address + path)).build(), BodyHandlers.ofString()).body();
        }

        byte[] result(String id) throws Exception {
            return client.send(HttpRequest.newBuilder(URI.create(address + "v1/restorations/" + id + "/result")).build(),
                    BodyHandlers.ofByteArray()).body();
        }

        String add(int steps, int scale) throws Exception {
            String body = "{\"photo\":\"" + Base64.getEncoder().encodeToString(png(noise(40, 24, steps))) + "\",\"options\":{\"steps\":" + steps
                    + ",\"scale\":" + scale + "}}";
            String answer = client.send(HttpRequest.newBuilder(URI.create(address + "v1/restorations")).header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString()).body();
            return JsonParser.parseString(answer).getAsJsonObject().get("id").getAsString();
        }

        void await(String id, String state) throws Exception {
            for (int i = 0; i < 500 && !text("v1/restorations/" + id).contains("\"state\":\"" + state + "\""); i++) Thread.sleep(20);
            assertThat(text("v1/restorations/" + id)).contains("\"state\":\"" + state + "\"");
        }

        @Override public void close() { process.destroyForcibly(); }
    }

    @Test void nothingThatIsDoneIsLostAndTheRestGoesOn() throws Exception {
        String done, running, waiting;
        byte[] result;
        try (Served server = new Served()) {
            done = server.add(2, 2);
            server.await(done, "done");
            result = server.result(done);
            running = server.add(900, 8);
            waiting = server.add(3, 2);
            server.await(running, "running");
            server.process.destroyForcibly().waitFor();
        }
        Files.writeString(Files.createDirectories(dir.resolve("state/jobs/" + "f".repeat(24))).resolve("photo.part"), "half");
        try (Served server = new Served()) {
            assertThat(server.result(done)).isEqualTo(result);
            assertThat(dir.resolve("state/jobs/" + "f".repeat(24))).doesNotExist();
            server.await(running, "running");
            server.process.destroyForcibly().waitFor();
        }
        try (Served server = new Served()) {
            server.await(running, "failed"); // it ended the server twice, for all that the server can know
            server.await(waiting, "done");
            assertThat(server.result(done)).isEqualTo(result);
            server.process.destroy();
            assertThat(server.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(server.process.exitValue()).isEqualTo(143);
        }
    }
}
