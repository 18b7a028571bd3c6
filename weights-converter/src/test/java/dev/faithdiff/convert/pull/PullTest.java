package dev.faithdiff.convert.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.ReleaseServer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All files of a model, the registry, and what stays of a pull. */
@Tag("full")
class PullTest {
    private static final byte[] CONFIG = ReleaseServer.text("{}"), WEIGHTS = ReleaseServer.text("weights");
    private static final String HUB = "/o/r/resolve/c1", NEXT = "/o/r/resolve/c1/b/w.bin";
    private static final PrintStream SILENT = new PrintStream(PrintStream.nullOutputStream());

    @TempDir Path dir;

    private final ReleaseServer server = new ReleaseServer();
    private Path model, files;

    @BeforeEach void serve() {
        server.put(HUB + "/a.json", CONFIG);
        server.put(NEXT, WEIGHTS);
        model = dir.resolve("models/tiny");
        files = dir.resolve("models/.files");
    }

    @AfterEach void stop() { server.close(); }

    private static ModelRegistry registry(String more, long bytes) {
        return ModelRegistry.of("test", """
                {"sources": {"s": {"host": "huggingface.co", "repository": "o/r", "revision": "c1", "licence": "MIT", "terms": "t",
                "files": {"a.json": {}, "b/w.bin": {"bytes": 7%s}}}}, "bundled": {},
                "models": {"tiny": {"makes": "a test", "bytes": %d, "from": ["s"], "convert": ["--sdxl", "@s", "--vae", "@s/a.json"]}}}
                """.formatted(more, bytes));
    }

    private Pull pull(ModelRegistry registry) { return new Pull(registry, "tiny", model, SILENT); }

    private Web web() { return new Web(new Hosts(server.address(), name -> null)); }

    @Test void theBuiltInRegistryIsWhole() {
        ModelRegistry registry = ModelRegistry.load();
        assertThat(registry.models()).containsKeys("faithdiff", "realesrgan-x4plus", "realesrgan-x2plus", "realesr-general-x4v3", "bsrgan",
                "adcsr", "osediff", "diffbir", "seesr", "pasd", "dreamclear");
        registry.models().forEach((name, model) -> {
            assertThat(registry.sources(model).values()).as(name).allSatisfy(s -> {
                assertThat(s.terms()).startsWith("https://");
                s.files().forEach((path, file) -> {
                    assertThat(Hosts.published(s, path)).asString().startsWith("https://" + s.host() + "/" + s.repository());
                    assertThat(file.sha256() == null || file.sha256().matches("[0-9a-f]{64}")).as(path).isTrue();
                });
            });
            for (String a : model.convert()) {
                if (!a.startsWith("@")) continue;
                String[] part = a.substring(1).split("/", 2);
                assertThat(model.from()).contains(part[0]);
                if (part.length == 1) continue;
                assertThat(registry.sources().get(part[0]).files().keySet()).anyMatch(f -> f.equals(part[1]) || f.startsWith(part[1] + "/"));
            }
        });
        assertThatThrownBy(() -> registry.model("faithdif")).hasMessageContaining("there is no model 'faithdif' to pull, but there are faithdiff, ");
        assertThat(registry.model("faithdiff").convert()).doesNotContain("keep");
        assertThat(registry.sources().get("faithdiff").isAsked()).as("nobody states its licence").isTrue();
        assertThat(registry.sources().get("llava-1.5-7b").isAsked()).as("its licence forbids some uses").isTrue();
        for (String name : new String[] {"stablesr", "stablesr-768v", "stablesr-turbo"}) {
            assertThat(registry.sources(registry.model(name)).values()).as("%s forbids commercial use", name)
                    .anyMatch(ModelRegistry.Repository::nonCommercial);
        }
    }

    @Test void fetchesOnlyWhatIsMissing() throws IOException {
        try (Pull pull = pull(registry("", 7)); Web web = web()) {
            pull.run(web);
            assertThat(pull.arguments()).containsExactly("--sdxl", files.resolve("s").toString(), "--vae", files.resolve("s/a.json").toString());
        }
        assertThat(files.resolve("s/b/w.bin")).hasBinaryContent(WEIGHTS);
        assertThat(server.requests()).hasSize(2);
        try (Pull pull = pull(registry("", 7)); Web web = web()) {
            pull.run(web);
            pull.deleteFiles();
        }
        assertThat(server.requests()).hasSize(2);
        assertThat(files).doesNotExist();
    }

    @Test void offlineTakesWhatIsThere() throws IOException {
        assertThatThrownBy(() -> {
            try (Pull pull = pull(registry("", 7))) {
                pull.run(null);
            }
        }).hasMessageContaining("without a network tiny cannot be made: s/a.json, s/b/w.bin are not there");
        Files.createDirectories(files.resolve("s/b"));
        Files.write(files.resolve("s/a.json"), CONFIG);
        Files.write(files.resolve("s/b/w.bin"), WEIGHTS);
        try (Pull pull = pull(registry("", 7))) {
            pull.run(null);
        }
        ModelRegistry other = registry(", \"sha256\": \"" + "0".repeat(64) + "\"", 7);
        assertThatThrownBy(() -> {
            try (Pull pull = pull(other)) {
                pull.run(null);
            }
        }).hasMessageContaining("s/b/w.bin is not there, or not as released");
    }

    @Test void oneAtATime() {
        try (Pull _ = pull(registry("", 7))) {
            assertThatThrownBy(() -> pull(registry("", 7))).hasMessageContaining("another pull is at work here (process " + ProcessHandle.current()
                    .pid() + ")");
        }
        pull(registry("", 7)).close();
    }

    @Test void aFullDiskIsSaidBefore() {
        try (Pull pull = pull(registry("", Long.MAX_VALUE / 2)); Web web = web()) {
            assertThatThrownBy(() -> pull.run(web)).hasMessageContaining("tiny (files and model) takes").hasMessageContaining("are free");
        }
        assertThat(server.requests()).isEmpty();
    }

    /** Where the registry has no checksum, that of the first pull counts from then on. */
    @Test void sumsArePinned() throws IOException {
        Files.createDirectories(model);
        try (Pull pull = pull(registry("", 7)); Web web = web()) {
            pull.run(web);
            Files.writeString(model.resolve("SHA256SUMS"), "");
            pull.record(model);
            pull.deleteFiles();
        }
        Pulled pulled = Pulled.read(model);
        assertThat(pulled.licences()).isEqualTo("MIT");
        assertThat(pulled.files()).extracting(Pulled.File::file, Pulled.File::sha256, Pulled.File::from).contains(
                org.assertj.core.groups.Tuple.tuple("s/b/w.bin", ReleaseServer.sha256(WEIGHTS), "https://huggingface.co" + NEXT));
        assertThat(model.resolve("SHA256SUMS")).content().endsWith("  pulled.json\n");
        assertThat(pulled.differing(registry("", 7))).isEmpty();
        assertThat(pulled.differing(registry(", \"sha256\": \"" + "0".repeat(64) + "\"", 7))).singleElement().asString()
                .startsWith("s/b/w.bin had the SHA-256 ");

        server.put(NEXT, ReleaseServer.text("wEIGHTS"));
        try (Pull pull = pull(registry("", 7)); Web web = web()) {
            assertThatThrownBy(() -> pull.run(web)).hasMessageContaining("but the one that was pulled before had " + ReleaseServer.sha256(WEIGHTS));
        }
    }

    @Test void namesReleasedFiles() {
        ModelRegistry registry = ModelRegistry.load();
        Map<String, ModelRegistry.Released> known = registry.released("BSRGAN.pth", null);
        assertThat(known.keySet()).containsExactly("bsrgan/BSRGAN.pth");
        assertThat(registry.released("x", known.get("bsrgan/BSRGAN.pth").sha256()).keySet()).containsExactly("bsrgan/BSRGAN.pth");
        assertThat(List.of("[]", "{}", "x", "{\"sources\": {}, \"bundled\": {}, \"models\": {\"m\": {\"from\": [\"s\"]}}}")).allSatisfy(
                json -> assertThatThrownBy(() -> ModelRegistry.of("r.json", json)).hasMessageStartingWith("r.json: "));
    }
}
