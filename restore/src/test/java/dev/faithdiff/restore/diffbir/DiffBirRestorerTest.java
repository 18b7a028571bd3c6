package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CACHE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CHURN;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a restorer of DiffBIR does with sizes, options, tiles, previews and resume files, with a small model. */
@Tag("full")
class DiffBirRestorerTest {
    @TempDir static Path dir;

    private static Restorer open(String version) { return Restorers.open(TinyDiffBir.folder(dir, version), Device.CPU); }

    private static Options small(Restorer r) { return r.defaults().with(PROCESS_SIZE, 64).with(STEPS, 3).with(TILE, 128); }

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Resize.resize(Image.of(width, height, rgb), width, height, Filter.BICUBIC);
    }

    @Test void restoresAnySize() {
        try (Restorer r = open("v2.1")) {
            Options o = small(r);
            Image photo = photo(21, 17), result = r.restore(photo, o);
            assertThat(result).hasToString("Image 84x68");
            assertThat(r.restore(photo, o)).as("the same seed").isEqualTo(result);
            assertThat(r.restore(photo, o.with(SEED, 7L))).as("another seed").isNotEqualTo(result);
            assertThat(r.restore(photo, o.with(PROMPT, "cat"))).as("another text").isNotEqualTo(result);
            assertThat(r.restore(photo, o.with(SCALE, 1.5))).as("smaller than networks take").hasToString("Image 32x26");
            assertThat(r.restore(photo, o.with(LONG_SIDE, 99))).hasToString("Image 99x80");
            Image enlarged = Resize.resize(photo, 84, 68, Filter.LANCZOS);
            assertThat(r.restore(photo, o.with(STRENGTH, 0.0))).isEqualTo(enlarged);
            assertThat(r.restore(photo, o.with(STRENGTH, 0.4))).as("begins later").isNotEqualTo(result).isNotEqualTo(enlarged);
            assertThat(r.restore(photo, o.with(FIDELITY, 0.5))).isNotEqualTo(result);
            assertThat(r.restore(photo, o.with(CACHE, "deep:2"))).as("leaves work out").isNotEqualTo(result);
            assertThat(r.throughAutoencoder(photo).orElseThrow()).hasToString("Image 21x17");
        }
    }

    @Test void enlargesBySixteenBits() {
        try (Restorer r = open("v2")) {
            Image photo = Image.of(12, 10, photo(12, 10).rgb(), photo(12, 10).rgb());
            assertThat(r.restore(photo, small(r).with(STEPS, 2))).hasToString("Image 48x40 of 16 bits");
        }
    }

    @Test void tilesAreTold() {
        try (Restorer r = open("v1")) {
            List<String> told = new ArrayList<>();
            Listener listener = new Listener() {
                @Override public void at(String stage, int step, int steps) { told.add(stage + " " + step + "/" + steps); }

                @Override public void tile(String stage, int tile, int tiles) { told.add(stage + " tile " + tile + "/" + tiles); }
            };
            Options o = small(r).with(TILE, 64).with(STEPS, 2).with(Cleaner.TILE, 64).with(VAE_TILE, 64);
            assertThat(r.restore(photo(26, 16), o, listener)).hasToString("Image 104x64");
            assertThat(told).startsWith("encode 0/0", "clean tile 1/3", "clean tile 2/3", "clean tile 3/3", "denoise 0/2", "denoise tile 1/3")
                    .endsWith("denoise 2/2", "decode 0/0");
        }
    }

    @ParameterizedTest
    @EnumSource(DiffBirSampler.class)
    void resumes(DiffBirSampler sampler) {
        Path file = dir.resolve("resume-" + sampler);
        try (Restorer r = open("v2.1")) {
            Options o = small(r).with(DiffBir.SAMPLER, sampler).with(DiffBir.NOISE_AUG, 20);
            Image photo = photo(16, 16), whole = r.restore(photo, o);
            Listener ends = (stage, step, steps) -> {
                if (stage.equals("denoise") && step == 2) throw new CancellationException("ended");
            };
            assertThatThrownBy(() -> r.restore(photo, o, ends, file)).hasMessage("ended");
            assertThat(Files.exists(file)).isTrue();
            List<Integer> steps = new ArrayList<>();
            assertThat(r.restore(photo, o, (stage, step, all) -> { if (stage.equals("denoise")) steps.add(step); }, file)).isEqualTo(whole);
            assertThat(steps.getFirst()).isEqualTo(2);
            Options other = o.with(DiffBir.CONTROL, 0.5);
            assertThatThrownBy(() -> r.restore(photo, other, Listener.NONE, file)).hasMessageContaining("with option control 1, not 0.5");
        }
    }

    @Test void showsPreviews() {
        try (Restorer r = open("v2.1")) {
            List<String> seen = new ArrayList<>();
            Listener listener = new Listener() {
                @Override public void at(String stage, int step, int steps) {}

                @Override public void preview(int step, int steps, Supplier<Image> image) { seen.add(step + " " + image.get()); }
            };
            Image photo = photo(16, 16);
            assertThat(r.restore(photo, small(r), listener)).isEqualTo(r.restore(photo, small(r)));
            assertThat(seen).containsExactly("1 Image 64x64", "2 Image 64x64", "3 Image 64x64");
        }
    }

    @Test void predictionsAreDrawnToTheCleanedPhoto() {
        try (Restorer r = open("v2")) {
            Options o = small(r).with(GUIDANCE, 1.0);
            Image photo = photo(16, 16), plain = r.restore(photo, o);
            Options latent = o.with(DiffBir.SPACE, RestorationGuidance.Space.LATENT).with(DiffBir.LOSS, RestorationLoss.MSE);
            Image once = r.restore(photo, latent.with(DiffBir.RESTORATION, 0.01));
            assertThat(once).isNotEqualTo(plain);
            assertThat(r.restore(photo, latent.with(DiffBir.RESTORATION, 0.01).with(DiffBir.REPEAT, 3))).isNotEqualTo(once).isNotEqualTo(plain);
            assertThat(r.restore(photo, o.with(DiffBir.RESTORATION, 0.1))).as("through the decoder").isNotEqualTo(plain);
        }
    }

    @Test void givesTheSameOnAnotherDevice() {
        AnyRestorer.givesTheSameOnAnotherDevice(TinyDiffBir.folder(dir, "v2.1"), photo(20, 16), DiffBirRestorerTest::small);
    }

    @Test void refusesWhatDoesNotGoTogether() {
        try (Restorer r = open("v2")) {
            Options o = r.defaults();
            assertThatThrownBy(() -> r.check(o.with(CHURN, 1.0))).hasMessage("the sampler spaced takes no churn");
            assertThatThrownBy(() -> r.check(o.with(TILE, 100))).hasMessage("tile must be a multiple of 64, not 100");
            assertThatThrownBy(() -> r.check(o.with(STEPS, 1))).hasMessage("the sampler spaced takes 2..1000 steps, not 1");
            assertThatThrownBy(() -> r.check(o.with(DiffBir.RESTORATION, 0.5).with(DiffBir.SPACE, RestorationGuidance.Space.LATENT)))
                    .hasMessage("the restoration loss w_mse needs the restoration space rgb");
        }
        List<String> names = new DiffBirKind().options().stream().map(o -> o.name()).toList();
        assertThat(names).doesNotHaveDuplicates().contains("sampler", "start", "control", "cleaner-tile", "added-prompt", "process-size");
    }
}
