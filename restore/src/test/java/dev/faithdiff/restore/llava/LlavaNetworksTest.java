package dev.faithdiff.restore.llava;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.clip.ClipVisionTower;
import dev.faithdiff.networks.llama.KeyValues;
import dev.faithdiff.networks.llama.Llama;
import dev.faithdiff.networks.llama.LlamaConfig;
import dev.faithdiff.networks.llava.LlavaConfig;
import dev.faithdiff.networks.llava.LlavaVision;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The battery of the two networks of LLaVA: its language model, and what it sees with. */
@Tag("full")
class LlavaNetworksTest {
    /** Tokens of a question with an image. */
    private static final int PROMPT = 640;
    @TempDir static Path dir;
    private static Path model;

    @BeforeAll static void convert() {
        model = dir.resolve("llava");
        assertThat(dev.faithdiff.convert.Main.run("convert", Fixtures.path("llava/llava-v1.5-tiny").toString(), "--dtype", "f32", "--base",
                Fixtures.path("llava/clip-vit-large-patch14-336-tiny").toString(), "-o", model.toString())).isZero();
    }

    private static Config config(String part) { return Config.read(model.resolve(part + "/config.json")); }

    private static Path file(String part) { return model.resolve(part + "/model.safetensors"); }

    private static Supplier<Tensor[]> input(Fixtures f, String name) { return () -> new Tensor[] {Fixtures.tensor(f, name)}; }

    private static Fixtures stage(String name) { return Fixtures.open("llava/stages/" + name + ".safetensors"); }

    private static Stored stored(String stage, String name) {
        double atol = Fixtures.json("llava/stages.json").getAsJsonObject("files").getAsJsonObject(stage + ".safetensors").getAsJsonObject("errors")
                .getAsJsonObject(name).get("suggested_atol").getAsDouble();
        return Stored.of(stage(stage), name, atol);
    }

    private static Build language(LlamaConfig c) {
        return w -> {
            Llama llama = new Llama(w, c);
            return in -> llama.logits(llama.forward(in[0], new KeyValues(c, in[0].size(1), DType.F16, in[0].device())));
        };
    }

    @TestFactory DynamicNode language() {
        LlamaConfig full = new LlamaConfig(4096, 32, 32, 32, 11008, 32000, 1e-5f, 10000);
        return new NetworkBattery("LLaMA", file("language"), language(LlamaConfig.of(config("language"))), input(stage("llama"), "inputs_embeds"),
                stored("llama", "logits"), new Released(List.of("language_llava"), language(full), List.of(Shape.of(1, PROMPT, 4096)), 480_000_000))
                .tests();
    }

    private static Build vision(LlavaConfig c) {
        return w -> {
            LlavaVision vision = new LlavaVision(w, c);
            return in -> vision.forward(in[0]);
        };
    }

    @TestFactory DynamicNode vision() {
        LlavaConfig full = new LlavaConfig(new ClipVisionTower.Sizes(1024, 16, 23, 4096, 14, 24 * 24 + 1), 4096);
        return new NetworkBattery("LLaVA's eyes", file("vision"), vision(LlavaConfig.of(config("vision"))), input(stage("vision"), "pixel_values"),
                stored("vision", "projected"), new Released(List.of("vision_llava"), vision(full), List.of(Shape.of(1, 336, 336, 3)), 57_000_000))
                .tests();
    }
}
