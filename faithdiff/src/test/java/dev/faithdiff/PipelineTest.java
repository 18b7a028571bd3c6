package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.SAMPLER;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Complete runs of the published pipeline on the tiny model: latents after every step, the decoded image and the final pictures. */
@Tag("full")
class PipelineTest {
    private static final StoredRun.Check STRICT = new StoredRun.Check() {
        @Override public void values(String stage, float[] actual, float[] expected, double atol) {
            Fixtures.assertClose(stage, actual, expected, atol);
        }

        @Override public void image(String stage, Image actual, Image expected) { assertSame(actual, expected); }
    };

    static Stream<String> cases() { return StoredRun.names().stream(); }

    @ParameterizedTest
    @MethodSource("cases")
    void runsAsPublished(String name) { new StoredRun(name, TinyModel.model(), STRICT).run(); }

    /** On a device whose memory is not the processor's: no stage may leave a tensor behind on the other side. */
    @ParameterizedTest
    @MethodSource("cases")
    void runsOnAnotherDevice(String name) {
        try (Model model = Model.open(TinyModel.folder(), Backend.device("second"))) {
            new StoredRun(name, model, STRICT).run();
        }
    }

    @Test
    void aRestorationOnAnotherDeviceIsTheSame() {
        try (FaithDiff here = FaithDiff.open(TinyModel.folder(), Device.CPU);
                FaithDiff there = FaithDiff.open(TinyModel.folder(), Backend.device("second"))) {
            Options options = Options.defaults().with(STEPS, 2).with(SCALE, 2.0);
            assertThat(there.restore(noise(24, 16), options)).isEqualTo(here.restore(noise(24, 16), options));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler-ancestral", "dpm++2m"})
    void restoresInTiles(String sampler) {
        try (FaithDiff faithDiff = FaithDiff.open(TinyModel.folder(), Device.CPU)) {
            Options options = Options.defaults().with(STEPS, 2).with(TILE, 64).with(GUIDANCE, 1.0).parsed(SAMPLER, sampler);
            Image restored = faithDiff.restore(noise(24, 16), options);
            assertThat(restored.width() + "x" + restored.height()).isEqualTo("96x64");
        }
    }

    private static Image noise(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        new Random(1).nextBytes(rgb);
        return Image.of(width, height, rgb);
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
