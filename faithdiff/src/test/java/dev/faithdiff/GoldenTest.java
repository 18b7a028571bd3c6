package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The first bundled model, kept for this, against complete runs of its PyTorch original: 20 steps, every stage. */
class GoldenTest {
    private static final Path DIR = Path.of(System.getProperty("goldens.dir")).resolve("faithdiff-mini");
    private static final Path MODEL = DIR.resolve("model");
    /** Of the largest value: both sides compute in fp32 with sums in another order, and 20 steps carry it on. */
    private static final double STAGE = 2e-5, AFTER_STEPS = 2e-4;

    private static JsonObject cases() {
        try {
            return JsonParser.parseString(Files.readString(DIR.resolve("goldens.json"))).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<String> names() { return cases().keySet().stream(); }

    @ParameterizedTest
    @MethodSource("names")
    void runsAsTheOriginal(String name) {
        JsonObject c = cases().getAsJsonObject(name);
        Fixtures f = Fixtures.open(DIR.resolve(name + ".safetensors").toString());
        try (Model model = Model.open(MODEL, Device.CPU); Scope _ = Scope.open()) {
            PublishedStages stages = new PublishedStages(model);
            Image lq = ImageFiles.read(DIR.resolve("lq-" + name + ".png"));
            if (Files.exists(DIR.resolve("lq-" + name + "-small.png"))) {
                Image small = ImageFiles.read(DIR.resolve("lq-" + name + "-small.png"));
                assertThat(Resize.resize(small, lq.width(), lq.height(), Filter.LANCZOS)).isEqualTo(lq);
            }
            Tensor image = Tensor.of(lq.toFloats(), 1, lq.height(), lq.width(), 3);
            check(f, "input", image, 0);
            Tensor features = model.unet.features(image);
            check(f, "lq_features", features, STAGE);
            Tensor parameters = model.vae.encode(image);
            Vae.Gaussian z = Vae.Gaussian.of(parameters);
            check(f, "vae_mean", z.mean(), STAGE);
            check(f, "vae_logvar", z.logVariance(), STAGE);

            Sampler sampler = Samplers.of(model.scheduler).create(model.schedule, model.scheduler, c.get("steps").getAsInt());
            float[] sigmas = f.floats("sigmas");
            Fixtures.assertClose("sigmas", sampler.levels().from(), Arrays.copyOf(sigmas, sigmas.length - 1), 2e-6);
            Tensor noise = Fixtures.tensor(f, "initial_noise");
            float[] drawn = Rng.cpu(c.get("seed").getAsLong()).randn((int) noise.count());
            Fixtures.assertClose("seeded noise", drawn, f.floats("initial_noise"), 4e-6);
            Tensor start = stages.start(parameters, noise, Fixtures.tensor(f, "vae_posterior_noise"), sampler);
            check(f, "latents_start", start, STAGE);

            JsonArray ids = c.getAsJsonArray("time_ids");
            FaithDiffDenoiser.Sizes sizes = new FaithDiffDenoiser.Sizes(ids.get(0).getAsInt(), ids.get(1).getAsInt(), ids.get(4).getAsInt(),
                    ids.get(5).getAsInt());
            TileGrid whole = TileGrid.of(start.size(1), start.size(2), start.size(1), start.size(2), 1);
            Tensor steps = Fixtures.tensor(f, "latents_after_step");
            Plan plan = new Plan(model.schedule, sampler, new Guidance(c.get("guidance_scale").getAsDouble(), 0), whole);
            Tensor condition = model.unet.condition(features);
            Tensor latents = stages.denoise(plan, start, new PublishedStages.Told(model.text.encode(""), tile -> condition, sizes), () -> null,
                    (i, x) -> close("latents after step " + i, x, steps.slice(0, i, i + 1).toFloats(), AFTER_STEPS));
            Tensor decoded = model.vae.decode(latents.mul(1 / model.vae.config().scaling()));
            check(f, "decoded", decoded, AFTER_STEPS);

            Image out = Image.fromFloats(decoded.toFloats(), lq.width(), lq.height());
            PipelineTest.assertSame(out, ImageFiles.read(DIR.resolve("out-" + name + "-nofix.png")));
            PipelineTest.assertSame(ColorFix.ADAIN.apply(out, lq), ImageFiles.read(DIR.resolve("out-" + name + "-adain.png")));
        }
    }

    private static void check(Fixtures f, String name, Tensor actual, double relative) { close(name, actual, f.nhwc(name), relative); }

    private static void close(String name, Tensor actual, float[] expected, double relative) {
        double largest = 0;
        for (float v : expected) largest = Math.max(largest, Math.abs(v));
        Fixtures.assertClose(name, actual.toFloats(), expected, relative * largest);
    }
}
