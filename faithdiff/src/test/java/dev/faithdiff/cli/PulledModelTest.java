package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.ReleaseServer;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a server to a restored photo: the small checkpoint of the fixtures stands for the released files. */
@Tag("process")
class PulledModelTest {
    private static final Path CHECKPOINT = Fixtures.path("checkpoint-tiny");

    @TempDir Path dir;

    private final ReleaseServer server = new ReleaseServer();
    private Path models, registry;

    @BeforeEach void serve() throws IOException {
        models = dir.resolve("models");
        JsonObject sources = new JsonObject(), all = new JsonObject(), model = new JsonObject();
        sources.add("base", source("base", "sdxl", "MIT"));
        sources.add("vae", source("vae", "vae-fp16-fix", "Free for research"));
        sources.add("fine", source("fine", "FaithDiff.bin", "MIT"));
        sources.getAsJsonObject("vae").addProperty("non_commercial", true);
        model.addProperty("makes", "a small model");
        model.addProperty("bytes", 4_000_000);
        model.add("from", array("base", "vae", "fine"));
        model.add("convert", array("--sdxl", "@base", "--vae", "@vae", "--faithdiff", "@fine/FaithDiff.bin", "--dtype", "f16"));
        all.add("sources", sources);
        all.add("models", object("tiny", model));
        all.add("bundled", new JsonObject());
        registry = dir.resolve("registry.json");
        Files.writeString(registry, all.toString());
        System.setProperty("faithdiff.registry", registry.toString());
        System.setProperty("faithdiff.models", models.toString());
    }

    @AfterEach void stop() {
        server.close();
        System.clearProperty("faithdiff.registry");
        System.clearProperty("faithdiff.models");
    }

    private static JsonObject object(String name, JsonObject value) {
        JsonObject o = new JsonObject();
        o.add(name, value);
        return o;
    }

    private static JsonArray array(String... texts) {
        JsonArray a = new JsonArray();
        for (String t : texts) a.add(t);
        return a;
    }

    /** A file or folder of the checkpoint as a repository, which the server has. */
    private JsonObject source(String name, String part, String licence) throws IOException {
        JsonObject files = new JsonObject(), s = new JsonObject();
        Path root = Files.isDirectory(CHECKPOINT.resolve(part)) ? CHECKPOINT.resolve(part) : CHECKPOINT;
        try (Stream<Path> walk = Files.walk(CHECKPOINT.resolve(part))) {
            for (Path f : walk.filter(Files::isRegularFile).toList()) {
                String path = root.relativize(f).toString();
                byte[] bytes = Files.readAllBytes(f);
                server.put("/o/" + name + "/resolve/main/" + path, bytes);
                JsonObject file = new JsonObject();
                file.addProperty("bytes", bytes.length);
                if (path.endsWith(".safetensors")) file.addProperty("sha256", ReleaseServer.sha256(bytes));
                files.add(path, file);
            }
        }
        s.addProperty("host", "huggingface.co");
        s.addProperty("repository", "o/" + name);
        s.addProperty("revision", "main");
        s.addProperty("licence", licence);
        s.addProperty("terms", "https://example.org/" + name);
        s.add("files", files);
        return s;
    }

    private static CommandLineRun weights(Object... args) { return CommandLineRun.of(dev.faithdiff.convert.Main::run, args); }

    @Test void restoresWithAPulledModel() throws IOException {
        CommandLineRun unasked = weights("pull", "tiny", "--mirror", server.address());
        unasked.assertFailed(1, "read the terms of vae (Free for research (non-commercial)), and add --accept-licence");
        assertThat(server.requests()).isEmpty();
        assertThat(models).doesNotExist();

        CommandLineRun pulled = weights("pull", "tiny", "--mirror", server.address(), "--accept-licence");
        assertThat(pulled.code()).as(pulled.err()).isZero();
        assertThat(pulled.out()).contains("vae of o/vae: Free for research (non-commercial), see https://example.org/vae").contains("wrote "
                + models.resolve("tiny"));
        assertThat(models.toFile().list()).containsExactly("tiny");

        assertThat(weights("models").out()).containsPattern("tiny +faithdiff; .* MB; MIT, Free for research \\(non-commercial\\); "
                + models.resolve("tiny"))
                .contains("faithdiff-mini").contains("a small model; ").contains("Pulled models go to " + models);
        assertThat(weights("verify", "tiny").out()).contains("pulled as tiny, under MIT, Free for research (non-commercial)")
                .contains("tiny is complete");
        weights("pull", "tiny", "--mirror", server.address(), "--accept-licence").assertFailed(1, "exists; choose another folder");
        weights("pull", "huge").assertFailed(1, "there is no model 'huge' to pull, but there are tiny");

        byte[] rgb = new byte[3 * 24 * 16];
        new Random(1).nextBytes(rgb);
        Path photo = dir.resolve("photo.png"), out = dir.resolve("out.png");
        ImageFiles.write(Image.of(24, 16, rgb), photo);
        CommandLineRun restored = CommandLineRun.of(Main::run, "restore", photo, "-o", out, "--model", "tiny", "--scale", "2", "--steps", "2", "-q");
        assertThat(restored.err()).isEmpty();
        assertThat(ImageFiles.read(out)).hasToString("Image 48x32");
    }

    @Test void releasedFilesAreKnown() throws IOException {
        Path vae = CHECKPOINT.resolve("vae-fp16-fix/diffusion_pytorch_model.safetensors"),
                changed = dir.resolve("diffusion_pytorch_model.safetensors");
        assertThat(weights("verify", vae).out()).contains("is vae/diffusion_pytorch_model.safetensors, as released");
        byte[] bytes = Files.readAllBytes(vae);
        bytes[bytes.length - 1]++;
        Files.write(changed, bytes);
        weights("verify", changed).assertFailed(1, "is not as released: vae/diffusion_pytorch_model.safetensors has the SHA-256 ");
        assertThat(weights("verify", registry).out()).contains("is none of the released files");
    }

    /** The system asks the process to end, as Ctrl-C does, while a file is on its way. */
    @Test void endedAndTakenUpAgain() throws Exception {
        Path log = dir.resolve("log");
        server.then(ReleaseServer.fallsSilent(20_000));
        Process first = child(log);
        Path files = models.resolve(".files");
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (parts(files).isEmpty()) {
            assertThat(first.isAlive()).as(Files.exists(log) ? Files.readString(log) : "").isTrue();
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(20);
        }
        weights("pull", "tiny", "--accept-licence", "--offline").assertFailed(1, "another pull is at work here (process " + first.pid() + ")");
        first.destroy();
        assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(log).content().contains("faithdiff: stopped; the same command goes on from there");
        assertThat(parts(files)).hasSize(1);
        assertThat(models.resolve("tiny")).doesNotExist();

        int asked = server.requests().size();
        CommandLineRun second = weights("pull", "tiny", "--accept-licence", "--mirror", server.address(), "--keep-files");
        assertThat(second.code()).as(second.err()).isZero();
        assertThat(server.requests().get(asked).range()).matches("bytes=[1-9]\\d*-");
        assertThat(parts(files)).isEmpty();
        assertThat(weights("pull", "tiny", "--accept-licence", "--offline", "--force").code()).as("of the kept files").isZero();
        assertThat(models.toFile().list()).containsExactly("tiny");
    }

    private static List<Path> parts(Path files) throws IOException {
        if (!Files.isDirectory(files)) return List.of();
        try (Stream<Path> walk = Files.walk(files)) {
            return walk.filter(f -> f.toString().endsWith(".part") && f.toFile().length() > 0).toList();
        }
    }

    private Process child(Path log) throws IOException {
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dfaithdiff.registry="
                + registry,
                "-Dfaithdiff.models=" + models, "-cp", System.getProperty("java.class.path"), "dev.faithdiff.convert.Main", "pull", "tiny",
                "--accept-licence", "--mirror", server.address()));
        return new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }
}
