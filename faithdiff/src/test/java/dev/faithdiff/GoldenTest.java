package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.TwoStages;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The default model against an implementation in PyTorch, both stages and every step of the second; {@code fixtures/make/goldens.py} runs it. */
@Tag("full")
class GoldenTest {
    private static final Path MODELS = Path.of(System.getProperty("faithdiff.home"), "models"), MODEL = MODELS.resolve("faithdiff-mini");
    private static final JsonObject GOLDENS = Fixtures.json("goldens/goldens.json"), CASES = GOLDENS.getAsJsonObject("cases");
    /**
     * Of the largest value: both sides compute in F32 with sums in another order. Measured: 1e-6, and 8e-6 of the change, which is the small
     * difference of two decoded images.
     */
    private static final double STAGE = 5e-6, CHANGE = 3e-5;

    static Stream<String> cases() { return CASES.keySet().stream(); }

    private static Image image(String name, String file) { return ImageFiles.read(Fixtures.path("goldens").resolve(name, file + ".png")); }

    @Test void goldensAreOfTheseWeights() throws Exception {
        JsonObject weights = GOLDENS.getAsJsonObject("weights");
        for (String part : weights.keySet()) {
            assertThat(digest(MODELS.resolve(part, "model.safetensors"))).as("weights of %s; fixtures/make/goldens.py makes goldens of others", part)
                    .isEqualTo(weights.get(part).getAsString());
        }
    }

    private static String digest(Path file) throws IOException, NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void bothStagesGiveTheSameImages(String name) {
        try (TwoStages both = (TwoStages) Restorers.open(MODEL, Device.CPU)) {
            Image photo = image(name, "photo");
            Options o = both.defaults().with(SCALE, CASES.getAsJsonObject(name).get("scale").getAsDouble()).with(GUARD, Guard.OFF);
            FirstStage.Result first = both.first().restore(photo, o, Listener.NONE);
            assertSame("the first network's result", first.network(), image(name, "network"));
            assertSame("the mixture", first.mixture(), image(name, "mixture"));
            assertSame("the restored photo", both.restore(photo, o), image(name, "restored"));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyStepOfTheLastStageIsTheSame(String name) {
        Fixtures f = Fixtures.open("goldens/" + name + "/stages.safetensors");
        try (Model model = Model.open(MODEL, Device.CPU); Scope _ = Scope.open()) {
            Image in = image(name, "mixture").mirrored(model.config.integer("margin", 0)).padTo(8);
            Tensor image = in.toTensor();
            Tensor condition = model.unet.condition(model.unet.features(image));
            check(f, "condition", condition, STAGE);
            Tensor mean = Vae.Gaussian.of(model.vae.encode(image)).mean(), latents = mean.mul(model.vae.config().scaling());
            check(f, "mean", mean, STAGE);
            int timestep = model.config.integer("one_step_timestep"), tile = model.config.integer("tile");
            Prompt none = model.text.encode("");
            Tensor sizes = Tensor.of(new float[] {in.height(), in.width(), 0, 0, tile, tile}, 1, 6);
            Tensor velocity = model.unet.predict(latents, condition, timestep, new Context(none.states()), none.pooled(), sizes);
            check(f, "velocity", velocity, STAGE);
            Tensor clean = model.schedule.data(velocity, latents, model.schedule.sigma(timestep));
            check(f, "clean", clean, STAGE);
            check(f, "change", model.vae.decode(clean.mul(1 / model.vae.config().scaling())).sub(model.vae.decode(mean)), CHANGE);
        }
    }

    private static void check(Fixtures f, String name, Tensor actual, double relative) {
        double largest = 0;
        for (float v : f.floats(name)) largest = Math.max(largest, Math.abs(v));
        Fixtures.assertClose(name, actual, f, name, relative * largest);
    }

    /** Rounding to 8 bits is all that may differ, in one of a thousand samples. Measured: 1 of 12096 and of 18768. */
    private static void assertSame(String what, Image actual, Image expected) {
        assertThat(actual.toString()).as(what).isEqualTo(expected.toString());
        int differ = 0;
        for (int i = 0; i < actual.rgb().length; i++) {
            int d = Math.abs((actual.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            assertThat(d).as("%s at sample %d", what, i).isLessThanOrEqualTo(1);
            differ += d;
        }
        assertThat(differ).as("samples of %s that differ by one level", what).isLessThanOrEqualTo(actual.rgb().length / 1000);
    }
}
