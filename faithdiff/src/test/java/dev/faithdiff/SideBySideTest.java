package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.tensor.Device;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two restorations at once on the CPU: each gives the bytes that it gives alone. They meet at every step, so neither waits for the other's end. */
@Tag("full")
class SideBySideTest {
    private static final Options SMALL = Options.defaults().with(SCALE, 2.0).with(STEPS, 4).with(GUARD, Guard.OFF);
    private static final Options LARGE = SMALL.with(SEED, 7L).with(VAE_TILE, 64);

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    private static <T> FutureTask<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    /** Waits for the other restoration before each of its steps, the first included. */
    private static Listener meeting(CyclicBarrier both) {
        return (stage, step, steps) -> {
            try {
                if (step < steps) both.await(5, TimeUnit.MINUTES);
            } catch (Exception e) {
                throw new IllegalStateException("the other restoration did not come to " + stage + " " + step, e);
            }
        };
    }

    private static void restoreBoth(Restorer one, Image a, Options forA, Restorer other, Image b, Options forB) throws Exception {
        Image aloneA = one.restore(a, forA), aloneB = other.restore(b, forB);
        CyclicBarrier both = new CyclicBarrier(2);
        FutureTask<Image> first = start(() -> one.restore(a, forA, meeting(both)));
        Image second = other.restore(b, forB, meeting(both));
        assertThat(first.get()).isEqualTo(aloneA);
        assertThat(second).isEqualTo(aloneB);
    }

    @Test void oneModel() throws Exception {
        try (FaithDiff faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU)) {
            restoreBoth(faithDiff, photo(40, 27), SMALL, faithDiff, photo(56, 40), LARGE);
        }
    }

    @Test void twoModels() throws Exception {
        try (FaithDiff one = FaithDiff.open(PatchedModel.SMALL, Device.CPU); FaithDiff other = FaithDiff.open(TinyModel.folder(), Device.CPU)) {
            restoreBoth(one, photo(40, 27), SMALL, other, photo(56, 40), LARGE.with(PROMPT, "a photo of a cat"));
        }
    }

    @Test void anRrdbNet() throws Exception {
        Options tiles = Options.defaults().with(SCALE, 4.0).with(VAE_TILE, 64);
        try (Restorer net = Restorers.open(GeneratorModels.folder("realesrgan_x4"), Device.CPU)) {
            restoreBoth(net, photo(70, 50), tiles, net, photo(66, 60), tiles);
        }
    }

    /** What it has begun ends as if nobody had closed it. */
    @Test void closingWaitsForTheRestorationUnderWay() throws Exception {
        FaithDiff faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU);
        Image photo = photo(40, 27), alone = faithDiff.restore(photo, SMALL);
        CyclicBarrier begun = new CyclicBarrier(2);
        FutureTask<Image> restoring = start(() -> faithDiff.restore(photo, SMALL, (stage, step, steps) -> {
            if (stage.equals("encode")) meeting(begun).at(stage, 0, 1);
        }));
        meeting(begun).at("encode", 0, 1);
        faithDiff.close();
        assertThat(restoring.get()).isEqualTo(alone);
        assertThatThrownBy(() -> faithDiff.restore(photo, SMALL)).isInstanceOf(IllegalStateException.class).hasMessage("this FaithDiff is closed");
    }

    @Test void aListenerCannotCloseWhatIsAtWork() {
        try (FaithDiff faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU)) {
            Runnable close = faithDiff::close;
            assertThatThrownBy(() -> faithDiff.restore(photo(40, 27), SMALL, (stage, step, steps) -> close.run()))
                    .isInstanceOf(IllegalStateException.class).hasMessage("this FaithDiff cannot be closed from within its own restoration");
        }
    }
}
