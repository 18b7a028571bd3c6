package dev.faithdiff;

import static dev.faithdiff.FaithDiff.START;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Progress, previews and cancelling, and that a FaithDiff can be shared and closed. */
@Tag("full")
class ListenerTest {
    private static final Options OPTIONS = Options.defaults().with(SCALE, 2.0).with(STEPS, 4).with(GUARD, Guard.OFF);

    private static FaithDiff faithDiff;
    private static Image photo, restored;

    @BeforeAll static void open() {
        byte[] rgb = new byte[3 * 27 * 18];
        new Random(3).nextBytes(rgb);
        photo = Image.of(27, 18, rgb);
        faithDiff = FaithDiff.open(PatchedModel.SMALL, Device.CPU);
        restored = faithDiff.restore(photo, OPTIONS);
    }

    @AfterAll static void close() { faithDiff.close(); }

    @Test void hearsEveryStage() {
        List<String> heard = new ArrayList<>();
        faithDiff.restore(photo, OPTIONS, (stage, step, steps) -> heard.add(stage + " " + step + "/" + steps));
        assertThat(heard).containsExactly("encode 0/0", "denoise 0/4", "denoise 1/4", "denoise 2/4", "denoise 3/4", "denoise 4/4", "decode 0/0");
    }

    /** Both encoders' tiles are counted as one row, those of the U-Net anew in each step, and those of a preview not at all. */
    @Test void hearsEveryTile() {
        List<String> heard = new ArrayList<>(), expected = new ArrayList<>(List.of("encode 0/0"));
        faithDiff.restore(photo, OPTIONS.with(SCALE, 4.0).with(STEPS, 2).with(TILE, 64).with(VAE_TILE, 64), new Listener() {
            @Override public void at(String stage, int step, int steps) { heard.add(stage + " " + step + "/" + steps); }

            @Override public void tile(String stage, int tile, int tiles) { heard.add(stage + " tile " + tile + "/" + tiles); }

            @Override public void preview(int step, int steps, Supplier<Image> image) { image.get(); }
        });
        for (int i = 1; i <= 12; i++) expected.add("encode tile " + i + "/12");
        for (int step = 0; step <= 2; step++) {
            expected.add("denoise " + step + "/2");
            for (int i = 1; i <= 6 && step < 2; i++) expected.add("denoise tile " + i + "/6");
        }
        expected.add("decode 0/0");
        for (int i = 1; i <= 6; i++) expected.add("decode tile " + i + "/6");
        assertThat(heard).isEqualTo(expected);
    }

    @Test void oneTileIsNotWorthAWord() {
        List<String> heard = new ArrayList<>();
        faithDiff.restore(photo, OPTIONS.with(START, FaithDiff.Start.NOISE), new Listener() {
            @Override public void at(String stage, int step, int steps) {}

            @Override public void tile(String stage, int tile, int tiles) { heard.add(stage); }
        });
        assertThat(heard).isEmpty();
    }

    /** Asks for a picture at every step. */
    private static final class Previews implements Listener {
        final List<Image> images = new ArrayList<>();
        int tiles;

        @Override public void at(String stage, int step, int steps) {}

        @Override public void preview(int step, int steps, Supplier<Image> image) { images.add(image.get()); }

        @Override public void tile(String stage, int tile, int of) { tiles += tile; }
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler", "euler-ancestral", "ddpm", "dpm++2m", "unipc"})
    void previewsChangeNothingAndEndAtTheResult(String sampler) {
        Options o = OPTIONS.parsed(SAMPLER, sampler).with(TILE, 64).with(SCALE, 4.0);
        Previews previews = new Previews();
        Image result = faithDiff.restore(photo, o, previews);
        assertThat(result).isEqualTo(faithDiff.restore(photo, o));
        assertThat(previews.images).hasSize(4).allMatch(p -> p.width() == result.width() && p.height() == result.height());
        assertThat(distance(previews.images.get(2), result)).isLessThan(distance(previews.images.getFirst(), result));
        assertThat(distance(previews.images.getLast(), result)).as("the last step ends at the data it predicts").isLessThan(1);
    }

    @Test void bothHearInOrder() {
        List<String> heard = new ArrayList<>();
        Listener first = (stage, step, steps) -> heard.add("a"), second = (stage, step, steps) -> heard.add("b");
        Previews a = new Previews(), b = new Previews();
        first.and(second).at("encode", 0, 0);
        a.and(b).preview(1, 4, () -> photo);
        a.and(b).tile("encode", 3, 4);
        assertThat(heard).containsExactly("a", "b");
        assertThat(a.images).isEqualTo(b.images).hasSize(1);
        assertThat(List.of(a.tiles, b.tiles)).containsExactly(3, 3);
    }

    @Test void aListenerCancels() {
        long inUse = Device.CPU.pool().usedBytes();
        assertThatThrownBy(() -> faithDiff.restore(photo, OPTIONS, (stage, step, steps) -> {
            if (step == 2) throw new CancellationException("enough");
        })).isInstanceOf(CancellationException.class).hasMessage("enough");
        assertThat(Device.CPU.pool().usedBytes()).as("memory in use").isEqualTo(inUse);
        assertThat(faithDiff.restore(photo, OPTIONS)).isEqualTo(restored);
    }

    @Test void anInterruptEndsWithinAStep() {
        long inUse = Device.CPU.pool().usedBytes();
        List<Integer> heard = new ArrayList<>();
        try {
            assertThatThrownBy(() -> faithDiff.restore(photo, OPTIONS, (stage, step, steps) -> {
                heard.add(step);
                if (step == 1) Thread.currentThread().interrupt();
            })).isInstanceOf(CancellationException.class).hasMessageContaining("interrupted before");
        } finally {
            assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        }
        assertThat(heard).as("nothing after it").endsWith(1);
        assertThat(Device.CPU.pool().usedBytes()).as("memory in use").isEqualTo(inUse);
        assertThat(faithDiff.restore(photo, OPTIONS)).isEqualTo(restored);
    }

    @Test void threadsShareIt() throws InterruptedException {
        List<Image> results = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            threads.add(Thread.startVirtualThread(() -> {
                Image r = faithDiff.restore(photo, OPTIONS);
                synchronized (results) {
                    results.add(r);
                }
            }));
        }
        for (Thread t : threads) t.join();
        assertThat(results).hasSize(3).allMatch(restored::equals);
    }

    @Test void closedIsSaid() {
        FaithDiff other = FaithDiff.open(PatchedModel.SMALL, Device.CPU);
        other.close();
        other.close();
        assertThatThrownBy(() -> other.restore(photo, OPTIONS)).isInstanceOf(IllegalStateException.class).isNotInstanceOf(OpError.class)
                .hasMessageContaining("closed");
    }

    private static double distance(Image a, Image b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) sum += Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff));
        return sum / a.rgb().length;
    }
}
