package dev.faithdiff;

import static dev.faithdiff.FaithDiff.START;
import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Damage;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.RandomNumbers;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Strength, fidelity and guard on the bundled model: their ends are exactly the input and the published result, and between they are in order. */
@Tag("full")
class FaithfulnessTest {
    private static final Options OPTIONS = Options.defaults().with(SCALE, 2.0).with(STEPS, 8).with(GUARD, Guard.OFF);

    private static FaithDiff faithDiff;
    private static Image photo, enlarged, published;

    @BeforeAll static void open() {
        faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU);
        photo = ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples", "chelsea-degraded.jpg")).crop(20, 10, 44, 32);
        enlarged = Resize.resize(photo, 88, 64, Filter.LANCZOS);
        published = faithDiff.restore(photo, OPTIONS);
    }

    @AfterAll static void close() { faithDiff.close(); }

    /** The published functions one after another, without anything of these options. */
    @ParameterizedTest
    @EnumSource(RandomNumbers.class)
    void fullStrengthIsThePublishedRun(RandomNumbers generator) {
        try (Model model = Model.open(PatchedModel.SMALL, Device.CPU); Scope _ = Scope.open()) {
            int h = 64 / 4, w = 88 / 4, c = model.vae.config().latentChannels();
            PublishedStages stages = new PublishedStages(model);
            TiledVae vae = new TiledVae(model.vae, Device.CPU, DType.F32, 0, Long.MAX_VALUE);
            TiledCondition conditions = new TiledCondition(model, 0, Long.MAX_VALUE);
            TileSource image = TileSource.of(enlarged.toTensor());
            Sampler sampler = Samplers.of(model.scheduler).create(model.schedule, model.scheduler, OPTIONS.get(STEPS));
            Tensor start = stages.start(vae.encode(image, h, w, () -> {}), noise(generator, 42, c, h, w), noise(generator, ~42, c, h, w), sampler);
            TileGrid whole = TileGrid.of(h, w, h, w, 1);
            var told = new PublishedStages.Told(model.text.encode(""), conditions.ofTiles(conditions.features(image, h, w, () -> {}), whole),
                    new FaithDiffDenoiser.Sizes(64, 88, 1024, 1024));
            Plan plan = new Plan(model.schedule, sampler, new Guidance(1, 0), whole);
            Tensor latents = stages.denoise(plan, start, told, () -> null, (i, x) -> {});
            Image expected = OPTIONS.get(COLOR_FIX).apply(vae.decode(latents, 8, () -> {}), enlarged);
            assertThat(faithDiff.restore(photo, OPTIONS.with(RNG, generator))).isEqualTo(expected);
            assertThat(expected.equals(published)).isEqualTo(generator == RandomNumbers.CPU);
        }
    }

    private static Tensor noise(RandomNumbers generator, long seed, int c, int h, int w) {
        Rng rng = generator == RandomNumbers.CUDA ? Rng.philox(seed) : Rng.cpu(seed);
        return Tensor.of(rng.randn(c * h * w), 1, c, h, w).permute(0, 2, 3, 1);
    }

    @Test void noStrengthIsTheInput() { assertThat(faithDiff.restore(photo, OPTIONS.with(STRENGTH, 0.0))).isEqualTo(enlarged); }

    @ParameterizedTest
    @ValueSource(strings = {"euler", "ddim", "dpm++2m", "unipc", "heun", "dpm++3m-sde"})
    void strengthMovesAwayFromTheInput(String sampler) {
        List<Double> distances = new ArrayList<>();
        for (double strength : new double[] {0, 0.2, 0.5, 0.8, 1}) {
            Options o = OPTIONS.parsed(SAMPLER, sampler).with(COLOR_FIX, ColorFix.NONE).with(STRENGTH, strength);
            distances.add(distance(faithDiff.restore(photo, o), enlarged));
        }
        assertThat(distances).as("distances from the input").isSorted().doesNotHaveDuplicates();
    }

    @Test void fewerStepsForLessStrength() {
        List<Integer> steps = new ArrayList<>();
        for (double strength : new double[] {1e-9, 0.25, 0.5, 1}) {
            int[] most = {0};
            faithDiff.restore(photo, OPTIONS.parsed(SAMPLER, "euler").with(STRENGTH, strength), (stage, step, of) -> most[0] = Math.max(most[0], of));
            steps.add(most[0]);
        }
        assertThat(steps).containsExactly(1, 2, 4, 8);
    }

    @Test void fidelityMovesToTheInput() {
        List<Double> distances = new ArrayList<>();
        for (double fidelity : new double[] {1, 0.8, 0.6, 0.4, 0.2, 0}) {
            distances.add(distance(faithDiff.restore(photo, OPTIONS.with(FIDELITY, fidelity)), enlarged));
        }
        assertThat(distances.getFirst()).as("all fidelity").isZero();
        assertThat(distances).isSorted().doesNotHaveDuplicates();
        assertThat(faithDiff.restore(photo, OPTIONS.with(FIDELITY, 0.0))).isEqualTo(published);
    }

    @Test void strengthNeedsTheImage() {
        assertThatThrownBy(() -> faithDiff.restore(photo, OPTIONS.with(STRENGTH, 0.5).with(START, FaithDiff.Start.NOISE)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cannot be noise");
    }

    @Test void theGuardWarnsOrLowersStrength() {
        Image clean = ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples", "chelsea.png")).crop(48, 192, 96, 64);
        assertThat(Damage.of(clean).isMild()).as("a clean photo").isTrue();
        List<String> said = new ArrayList<>();
        Listener hears = new Listener() {
            @Override public void at(String stage, int step, int steps) {}

            @Override public void warn(String line) { said.add(line); }
        };
        Options o = OPTIONS.with(STEPS, 4);
        Image off = faithDiff.restore(clean, o, hears);
        assertThat(said).isEmpty();
        assertThat(faithDiff.restore(clean, o.with(GUARD, Guard.WARN), hears)).isEqualTo(off);
        assertThat(said).hasSize(1).allMatch(line -> line.contains("hardly damaged (noise ") && !line.contains("\n"));
        Image auto = faithDiff.restore(clean, o.with(GUARD, Guard.AUTO), hears);
        assertThat(said).hasSize(2).last().asString().contains("lowered to " + Damage.MILD_STRENGTH);
        assertThat(auto).isEqualTo(faithDiff.restore(clean, o.with(STRENGTH, Damage.MILD_STRENGTH))).isNotEqualTo(off);
        said.clear();
        faithDiff.restore(photo, o.with(GUARD, Guard.AUTO), hears);
        assertThat(said).as("a damaged photo").isEmpty();
    }

    private static double distance(Image a, Image b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) sum += Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff));
        return sum / a.rgb().length;
    }
}
