package dev.faithdiff;

import static dev.faithdiff.TinyModel.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.image.Resize;
import dev.faithdiff.sample.Guidance;
import dev.faithdiff.sample.Sampler;
import dev.faithdiff.sample.Samplers;
import dev.faithdiff.sample.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.text.PromptEncoder.Prompt;
import dev.faithdiff.vae.BlendedTiles.Sink;
import dev.faithdiff.vae.BlendedTiles.Source;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Complete runs of the published pipeline on the tiny model: latents after every step, the decoded image and the final pictures. */
class PipelineTest {
    private static final JsonObject CASES = Fixtures.json("pipeline/pipeline.json").getAsJsonObject("cases");
    private static final Path DIR = Fixtures.dir().resolve("pipeline");

    static Stream<String> cases() { return CASES.keySet().stream(); }

    @ParameterizedTest
    @MethodSource("cases")
    void runsAsPublished(String name) {
        JsonObject c = CASES.getAsJsonObject(name);
        Fixtures f = Fixtures.open("pipeline/" + name + "/run.safetensors");
        Model model = TinyModel.model();
        Restoration restoration = new Restoration(model);
        try (Scope scope = Scope.open()) {
            int scale = c.get("upscale").getAsInt();
            Image lr = ImageFiles.read(DIR.resolve(name + "/lr.png"));
            Image enlarged = Resize.resize(lr, lr.width() * scale, lr.height() * scale, Filter.LANCZOS), in = enlarged.padTo(8);
            assertThat(in).as("enlarged and padded input").isEqualTo(ImageFiles.read(DIR.resolve(name + "/input_padded.png")));

            int down = model.vae.config().downscale(), h = in.height() / down, w = in.width() / down;
            ImageNetworks networks = new ImageNetworks(model, vaeTile(c));
            Tensor image = Tensor.of(in.toFloats(), 1, in.height(), in.width(), 3), features = networks.features(Source.of(image), h, w);
            check(c, f, "lq_features", features);
            Guidance guidance = new Guidance(c.get("guidance_scale").getAsDouble(), c.get("guidance_rescale").getAsDouble());
            Prompt prompt = model.text.encode(c.get("prompt").getAsString());
            if (guidance.active()) {
                prompt = model.text.encode(c.get("negative_prompt").isJsonNull() ? null : c.get("negative_prompt").getAsString()).with(prompt);
            }
            Sampler sampler = Samplers.published(c.get("scheduler").getAsString(), false).create(model.schedule, model.scheduler,
                    c.get("num_inference_steps").getAsInt());
            assertThat(sampler.timesteps()).isEqualTo(c.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray());
            assertThat(sampler.initNoiseSigma()).isEqualTo(c.get("init_noise_sigma").getAsFloat());

            Tensor noise = tensor(f, "initial_noise");
            // The community port hands the autoencoder an image that it has brought to -1..1 twice.
            Tensor encoded = c.get("variant").getAsString().equals("community") ? image.affine(2, -1) : image;
            Tensor start = c.get("start_point").getAsString().equals("noise") ? noise.mul(sampler.initNoiseSigma())
                    : restoration.startFromImage(networks.encode(Source.of(encoded), h, w), noise, tensor(f, "vae_posterior_noise"), sampler.initNoiseSigma());
            check(c, f, "start_latents", start);

            int[] target = {c.getAsJsonArray("target_size").get(0).getAsInt(), c.getAsJsonArray("target_size").get(1).getAsInt()};
            TileGrid grid = TileGrid.of(h, w, target[0] / down, target[1] / down, c.get("overlap").getAsDouble());
            int[] drawn = {0};
            Tensor latents = restoration.denoise(start, features, prompt, sampler, guidance, grid, new int[] {in.height(), in.width()}, target,
                    () -> tensor(f, "step_noise." + drawn[0]++), (i, x) -> check(c, f, "latents_after_step." + i, x));
            Tensor decoded = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, in.height(), in.width(), 3));
            networks.decode(latents, Sink.into(decoded));
            check(c, f, "decoded", decoded);

            Image generated = networks.decode(latents, 8);
            assertSame(generated, ImageFiles.read(DIR.resolve(name + "/generated.png")));
            Image cropped = generated.crop(0, 0, enlarged.width(), enlarged.height());
            for (ColorFix fix : List.of(ColorFix.NONE, ColorFix.ADAIN, ColorFix.WAVELET)) {
                Path expected = DIR.resolve(name + "/out_" + (fix == ColorFix.NONE ? "nofix" : fix.name().toLowerCase()) + ".png");
                if (expected.toFile().exists()) assertSame(fix.apply(cropped, enlarged), ImageFiles.read(expected));
            }
        }
    }

    /** The side of autoencoder tiles in pixels, which overlap by a quarter; a huge one where the case has none. */
    private static int vaeTile(JsonObject c) {
        if (c.get("vae_tile_sample_latent_overlap").isJsonNull()) return 1 << 20;
        JsonArray tile = c.getAsJsonArray("vae_tile_sample_latent_overlap");
        assertThat(tile.get(2).getAsDouble()).isEqualTo(0.25);
        return tile.get(0).getAsInt();
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler-ancestral", "dpm++2m"})
    void restoresInTiles(String sampler) {
        byte[] rgb = new byte[24 * 16 * 3];
        new Random(1).nextBytes(rgb);
        try (FaithDiff faithDiff = FaithDiff.open(TinyModel.folder(), Device.CPU)) {
            Options options = Options.defaults().withSteps(2).withTile(64).withGuidance(1).withSampler(sampler);
            Image restored = faithDiff.restore(Image.of(24, 16, rgb), options);
            assertThat(restored.width() + "x" + restored.height()).isEqualTo("96x64");
        }
    }

    private static void check(JsonObject c, Fixtures f, String name, Tensor actual) {
        if (!f.has(name)) return;
        TinyModel.assertClose(name, actual, f, name, c.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble());
    }

    /** None off by more than 2, and more than 1 in at most a thousandth of the samples. */
    static void assertSame(Image actual, Image expected) {
        assertThat(actual.width() + "x" + actual.height()).isEqualTo(expected.width() + "x" + expected.height());
        int beyondOne = 0, worst = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            worst = Math.max(worst, d);
            if (d > 1) beyondOne++;
        }
        assertThat(worst).as("largest difference of 8-bit samples").isLessThanOrEqualTo(2);
        assertThat(beyondOne).as("samples off by more than 1").isLessThanOrEqualTo(actual.rgb().length / 1000);
    }
}
