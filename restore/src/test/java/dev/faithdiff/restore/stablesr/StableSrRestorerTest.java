package dev.faithdiff.restore.stablesr;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CACHE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.ETA;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.ControlOptions.Start;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a restorer of StableSR does with sizes, options, tiles, previews and resume files, with a small model that is drawn at random. */
class StableSrRestorerTest {
    /** Red, green and blue of some pixels of {@link #givesTheSameImageAsEver}, when the stored runs were met. */
    private static final int[] KNOWN = {100, 183, 105, 130, 142, 111, 127, 152, 155, 174, 140, 156, 90, 184, 239, 159, 115, 125, 183, 153, 201,
            246, 87, 215, 92, 165, 105, 144, 176, 126, 92, 120, 156, 129, 167, 131, 112, 162, 111, 79, 147, 124, 99, 141, 134, 37, 102, 146};
    @TempDir static Path dir;

    private static Restorer open() { return Restorers.open(TinyStableSr.random(dir), Device.CPU); }

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Resize.resize(Image.of(3, 2, Arrays.copyOf(rgb, 18)), width, height, Filter.BICUBIC);
    }

    /** The whole pipeline: pieces, tiles, guidance, every network, fusion and colours. */
    @Test void givesTheSameImageAsEver() {
        try (Restorer r = open()) {
            Options o = r.defaults().with(StableSr.IMAGE_TILE, 96).with(NEGATIVE, "cartoon").with(StableSr.FUSION, 1.0);
            Image result = r.restore(photo(26, 18), o);
            assertThat(result).hasToString("Image 104x72");
            List<Integer> seen = new ArrayList<>();
            for (int y = 5; y < 72; y += 20) {
                for (int x = 9; x < 104; x += 30) for (int c = 0; c < 3; c++) seen.add(result.rgb()[3 * (y * 104 + x) + c] & 0xff);
            }
            assertThat(seen).hasSize(KNOWN.length);
            for (int i = 0; i < KNOWN.length; i++) assertThat(seen.get(i)).as("value %d", i).isBetween(KNOWN[i] - 1, KNOWN[i] + 1);
        }
    }

    @Test void everyOptionCounts() {
        try (Restorer r = open()) {
            assertThat(r.defaults().get(STEPS)).isEqualTo(3);
            assertThat(r.defaults().get(COLOR_FIX)).isEqualTo(ColorFix.ADAIN);
            Options own = r.defaults().with(STEPS, 2);
            Image photo = photo(24, 16), result = r.restore(photo, own);
            assertThat(r.restore(photo, own)).as("the same seed").isEqualTo(result);
            Map<String, Image> others = new LinkedHashMap<>(Map.of("default", result));
            Options ddim = own.with(StableSr.SAMPLER, StableSrSampler.DDIM);
            List<Options> changed = List.of(own.with(SEED, 7L), own.with(PROMPT, "cat"), own.with(NEGATIVE, "cat"), own.with(STEPS, 3),
                    own.with(StableSr.START, Start.NOISE), own.with(StableSr.FUSION, 0.0), own.with(StableSr.FUSION, 1.0),
                    own.with(COLOR_FIX, ColorFix.NONE), own.with(COLOR_FIX, ColorFix.WAVELET), own.with(COLOR_FIX, ColorFix.LAB), ddim,
                    ddim.with(ETA, 1.0), ddim.with(StableSr.START, Start.LR),
                    own.with(StableSr.SAMPLER, StableSrSampler.DDIM_MATCHED), own.with(STRENGTH, 0.4), own.with(FIDELITY, 0.5),
                    own.with(CACHE, "deep:2"), own.with(StableSr.IMAGE_TILE, 64),
                    own.with(StableSr.IMAGE_TILE, 64).with(StableSr.IMAGE_OVERLAP, 0.25), own.with(PROCESS_SIZE, 80));
            for (Options o : changed) others.put(o.toString(), r.restore(photo, o));
            others.forEach((a, x) -> others.forEach((b, y) -> assertThat(a.equals(b) || !x.equals(y)).as("%s and %s differ", a, b).isTrue()));
        }
    }

    @Test void restoresAnySize() {
        try (Restorer r = open()) {
            Options o = r.defaults().with(STEPS, 2);
            Image photo = photo(21, 17);
            assertThat(r.restore(photo, o)).hasToString("Image 84x68");
            assertThat(r.restore(photo, o.with(SCALE, 1.5))).as("smaller than networks take").hasToString("Image 32x26");
            assertThat(r.restore(photo, o.with(LONG_SIDE, 99))).hasToString("Image 99x80");
            assertThat(r.restore(Image.of(21, 17, photo.rgb(), photo.rgb()), o)).hasToString("Image 84x68 of 16 bits");
            assertThat(r.restore(photo, o.with(STRENGTH, 0.0))).isEqualTo(Resize.resize(photo, 84, 68, Filter.LANCZOS));
            assertThat(r.throughAutoencoder(photo).orElseThrow()).hasToString("Image 21x17");
        }
    }

    @Test void resumesAndShowsPreviews() {
        Path file = dir.resolve("run.resume");
        try (Restorer r = open()) {
            Options o = r.defaults().with(StableSr.IMAGE_TILE, 64).with(StableSr.SAMPLER, StableSrSampler.DDIM).with(ETA, 0.5);
            Image photo = photo(24, 16), whole = r.restore(photo, o);
            List<String> seen = new ArrayList<>();
            Listener ends = new Listener() {
                @Override public void at(String stage, int step, int steps) {
                    if (stage.equals("denoise") && step == 2) throw new CancellationException("ended");
                }

                @Override public void preview(int step, int steps, Supplier<Image> image) { seen.add(step + " " + image.get()); }
            };
            assertThatThrownBy(() -> r.restore(photo, o, ends, file)).hasMessage("ended");
            assertThat(seen).containsExactly("1 Image 96x64");
            List<Integer> steps = new ArrayList<>();
            assertThat(r.restore(photo, o, (stage, step, _) -> { if (stage.equals("denoise")) steps.add(step); }, file)).isEqualTo(whole);
            assertThat(steps).containsExactly(2, 3);
        }
    }

    @Test void givesTheSameOnAnotherDevice() {
        AnyRestorer.givesTheSameOnAnotherDevice(TinyStableSr.random(dir), photo(20, 16), r -> r.defaults().with(STEPS, 2));
    }

    @Test void refusesWhatDoesNotGoTogether() {
        try (Restorer r = open()) {
            Options o = r.defaults();
            assertThatThrownBy(() -> r.check(o.with(ETA, 0.5))).hasMessage("the sampler ddpm takes no eta");
            assertThatThrownBy(() -> r.check(o.with(STEPS, 1))).hasMessage("the sampler ddpm takes 2..1000 steps, not 1");
            assertThatThrownBy(() -> r.check(o.with(StableSr.IMAGE_TILE, 100))).hasMessage("image-tile must be a multiple of 32, not 100");
        }
    }
}
