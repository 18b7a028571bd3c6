package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.CACHE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.RandomNumbers;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensorsError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A restoration that was ended in the middle goes on to the same image. */
@Tag("full")
class ResumeTest {
    private static final int LAST = 6;
    private static final Options OPTIONS = Options.defaults().with(STEPS, LAST).with(TILE, 64).with(GUARD, Guard.OFF);

    private static FaithDiff faithDiff;
    private static Image photo;

    @TempDir Path dir;

    @BeforeAll static void open() {
        byte[] rgb = new byte[3 * 25 * 16];
        new Random(3).nextBytes(rgb);
        photo = Image.of(25, 16, rgb);
        faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU);
    }

    @AfterAll static void close() { faithDiff.close(); }

    private void endAfter(int steps, Options o, Path file) {
        assertThatThrownBy(() -> faithDiff.restore(photo, o, (stage, step, of) -> {
            if (stage.equals("denoise") && step == steps) throw new CancellationException("here");
        }, file)).isInstanceOf(CancellationException.class);
    }

    /** Two tiles, so that what samplers remember of each and the order of random numbers count. */
    @ParameterizedTest
    @CsvSource({"euler, 3, CPU", "euler-ancestral, 1, CPU", "ddpm, 5, CUDA", "dpm++2m, 2, CPU", "unipc, 4, CPU", "tcd, 6, CPU",
        "dpm++3m-sde, 3, CPU"})
    void goesOnToTheSameBytes(String sampler, int ended, RandomNumbers rng) {
        Options o = OPTIONS.parsed(SAMPLER, sampler).with(RNG, rng);
        Path file = dir.resolve("photo.resume");
        endAfter(ended, o, file);
        List<Integer> heard = new ArrayList<>();
        Image resumed = faithDiff.restore(photo, o, (stage, step, of) -> { if (stage.equals("denoise")) heard.add(step); }, file);
        assertThat(heard).startsWith(ended).endsWith(LAST).hasSize(LAST - ended + 1);
        assertThat(resumed).isEqualTo(faithDiff.restore(photo, o));
        assertThat(dir).isDirectoryContaining(p -> p.equals(file)).isDirectoryNotContaining(p -> !p.equals(file));
    }

    @Test void withLessStrengthToo() {
        Options o = OPTIONS.with(STRENGTH, 0.6).parsed(SAMPLER, "dpm++2m");
        Path file = dir.resolve("photo.resume");
        endAfter(2, o, file);
        assertThat(faithDiff.restore(photo, o, Listener.NONE, file)).isEqualTo(faithDiff.restore(photo, o));
    }

    /** What a cache keeps of each tile is saved, so that the steps it leaves out stay the same ones. */
    @ParameterizedTest
    @CsvSource({"deep:3:1, 2", "deep:4, 4", "output:0.6, 3", "residual:0.4, 3"})
    void withACacheToo(String cache, int ended) {
        Options o = OPTIONS.parsed(CACHE, cache);
        Path file = dir.resolve("photo.resume");
        endAfter(ended, o, file);
        Image whole = faithDiff.restore(photo, o);
        assertThat(faithDiff.restore(photo, o, Listener.NONE, file)).isEqualTo(whole);
        assertThat(whole).as("the cache is in use").isNotEqualTo(faithDiff.restore(photo, OPTIONS));
    }

    @Test void aCacheThatTheModelHasNoLayersForIsRefused() {
        assertThatThrownBy(() -> faithDiff.check(OPTIONS.parsed(CACHE, "deep:2:5"))).hasMessageContaining("cache must have a branch of at most ");
        for (String wrong : List.of("", "deep", "deep:1", "deep:0", "deep:2:10", "output:0", "output:-1", "residual:", "first:0.1")) {
            assertThatThrownBy(() -> CACHE.parse(wrong)).hasMessageStartingWith("cache must be deep, output or residual with its number");
        }
    }

    @Test void anotherRestorationsFileIsRefused() throws IOException {
        Path file = dir.resolve("photo.resume");
        endAfter(2, OPTIONS, file);
        byte[] before = Files.readAllBytes(file);
        refuses(file, photo, OPTIONS.with(STEPS, 7), "with option steps 6, not 7");
        refuses(file, photo, OPTIONS.with(SEED, 43L), "option seed");
        byte[] rgb = photo.rgb().clone();
        rgb[0]++;
        refuses(file, Image.of(25, 16, rgb), OPTIONS, "for another input");
        Path other = PatchedModel.copy(PatchedModel.SMALL, dir.resolve("model"));
        PatchedModel.fill(other.resolve("vae/model.safetensors"), "decoder.conv_in.bias"::equals, 0);
        try (FaithDiff f = FaithDiff.open(other, Device.CPU)) {
            assertThatThrownBy(() -> f.restore(photo, OPTIONS, Listener.NONE, file)).hasMessageContaining("for another model");
        }
        assertThat(Files.readAllBytes(file)).as("left alone").isEqualTo(before);
    }

    private static void refuses(Path file, Image photo, Options o, String says) {
        assertThatThrownBy(() -> faithDiff.restore(photo, o, Listener.NONE, file)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(file.toString()).hasMessageContaining(says);
    }

    @Test void aDamagedFileIsRefused() throws IOException {
        Path file = dir.resolve("photo.resume");
        endAfter(2, OPTIONS, file);
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> faithDiff.restore(photo, OPTIONS, Listener.NONE, file)).isInstanceOf(SafeTensorsError.class)
                .hasMessageContaining(file.toString());
        try (SafeTensors mini = SafeTensors.open(PatchedModel.SMALL.resolve("vae/model.safetensors"))) {
            SafeTensors.write(file, mini.entries().values(), mini.metadata());
        }
        assertThatThrownBy(() -> faithDiff.restore(photo, OPTIONS, Listener.NONE, file)).hasMessageContaining("cannot resume from");
    }
}
