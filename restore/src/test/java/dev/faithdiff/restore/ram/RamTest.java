package dev.faithdiff.restore.ram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.ram.Ram;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.networks.swin.SwinConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The tagger with the LoRA of DAPE, against the published implementation; a set that has the tagger's photo also tests its stages. */
@Tag("full")
class RamTest {
    private static final String GROUP = "osediff", PHOTO = GROUP + "/tagger_image.png";
    @TempDir static Path dir;
    private static Path dape;

    @BeforeAll static void convert() {
        dape = dir.resolve("dape");
        assertThat(dev.faithdiff.convert.Main.run("convert", Fixtures.path(GROUP + "/ram").toString(), "--dtype", "f32", "-o", dape.toString()))
                .isZero();
        assertThat(dev.faithdiff.convert.Main.run("verify", dape.toString())).isZero();
    }

    private static Fixtures tagger() { return Fixtures.open(GROUP + "/tagger.safetensors"); }

    private static JsonObject facts() {
        return Fixtures.json(GROUP + "/osediff.json").getAsJsonObject("files").getAsJsonObject("tagger.safetensors");
    }

    private static double atol(String name) { return facts().getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble(); }

    private static RamConfig config() { return RamConfig.of(Config.read(dape.resolve("tagger/config.json"))); }

    private static Build build(RamConfig c) {
        return w -> {
            Ram ram = new Ram(w, c);
            return in -> {
                Tensor embedding = ram.embed(in[0].affine(0.5f, 0.5f));
                return NetworkBattery.together(List.of(embedding, ram.logits(embedding)));
            };
        };
    }

    /** The embedding of the photo that SeeSR's stages have. What the labels say of it, only the engine knows. */
    @TestFactory DynamicNode battery() {
        Image in = ImageFiles.read(Fixtures.path("seesr/stage_lr.png"));
        double seesr = Fixtures.json("seesr/seesr.json").getAsJsonObject("files").getAsJsonObject("stages.safetensors").getAsJsonObject("errors")
                .getAsJsonObject("ram_embeds").get("suggested_atol").getAsDouble();
        Stored stored = Stored.of(Fixtures.open("seesr/stages.safetensors"), "ram_embeds", seesr);
        RamConfig full = new RamConfig(384, new SwinConfig(4, 12, 192, new int[] {2, 2, 18, 2}, new int[] {6, 12, 24, 48}, 4),
                512, 768, 4, 2, 3072, 4585);
        Build embed = w -> {
            Ram ram = new Ram(w, config());
            return x -> ram.embed(x[0].affine(0.5f, 0.5f));
        };
        return new NetworkBattery("RAM", dape.resolve("tagger/model.safetensors"), embed,
                () -> new Tensor[] {in.toTensor()}, stored,
                new Released(List.of("ram"), build(full), List.of(Shape.of(1, 384, 384, 3)), 280_000_000)).tests();
    }

    @Test void labels() {
        Fixtures f = tagger();
        try (Scope _ = Scope.open(); Weights w = Weights.open(dape.resolve("tagger/model.safetensors"), Device.CPU)) {
            Ram ram = new Ram(w, config());
            float[] logits = ram.logits(Fixtures.tensor(f, "image_embeds")).toFloats();
            Fixtures.assertClose("logits", logits, f.floats("logits"), atol("logits"));
            TagList tags = TagList.read(dape.resolve("tagger/tags.txt"), logits.length);
            assertThat(Tagger.joined(tags.of(logits))).isEqualTo(facts().get("tags").getAsString());
        }
    }

    @Test void mergedWeights() {
        Fixtures f = tagger();
        List<String> merged = f.names().stream().filter(n -> n.startsWith("merged.")).toList();
        assertThat(merged).isNotEmpty();
        try (Scope _ = Scope.open(); Weights w = Weights.open(dape.resolve("tagger/model.safetensors"), Device.CPU)) {
            new Ram(w, config());
            for (String name : merged) {
                String key = name.substring("merged.".length()), own = key.startsWith("layers.") ? "visual_encoder." + key : key;
                float[] expected = f.floats(name);
                Fixtures.assertClose(name, w.parameters("").get(own).toFloats(), expected, 1e-6);
            }
        }
    }

    @Test void tagsAPhoto() {
        try (Captioner c = Captioners.open(dape, Device.CPU)) {
            if (Files.exists(Fixtures.path(PHOTO))) {
                assertThat(c.describe(ImageFiles.read(Fixtures.path(PHOTO)))).isEqualTo(facts().get("tags").getAsString());
            }
            Image small = ImageFiles.read(Fixtures.path("seesr/stage_lr.png"));
            List<Tagger.Tag> tags = ((Tagger) c).tags(small);
            assertThat(tags).isNotEmpty().allMatch(t -> t.score() > 0.6 && t.score() <= 1);
            assertThat(c.describe(small)).isEqualTo(Tagger.joined(tags));
        }
        assertThatThrownBy(() -> Captioners.open(Path.of("models/none"), Device.CPU)).isInstanceOf(ModelError.class);
    }
}
