package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.quality.ocr.TextReader;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class MeasuresTest {
    private static final Image PHOTO = ClassicTest.image("photo").crop(0, 0, 193, 192), BLUR = ClassicTest.image("blur").crop(0, 0, 193, 192);
    private static final Map<String, Measure> MEASURES =
            Measures.all().stream().filter(e -> isText(e.measure()) || e.missing() == null).map(Measures.Entry::measure)
            .collect(Collectors.toMap(Measure::name, Function.identity()));

    private static boolean isText(Measure measure) { return measure.name().startsWith("ocr-"); }

    @Test void namesAreWhatUsersType() {
        assertThat(MEASURES.keySet()).contains("psnr-rgb", "psnr-y", "psnr-ycbcr", "ssim-y", "ms-ssim", "fsim", "gmsd", "deltae2000",
                "deltae2000-p95", "niqe", "niqe-basicsr", "edge-energy", "seams", "consistency", "ocr-f1")
                .allMatch(n -> n.matches("[a-z][a-z0-9-]*"));
        TextReader reader = new TextReader("no-such-program");
        assertThat(Measures.all(new Measures.Setup(Pristine.published(), reader, null, Path.of("no-such-folder"), Device.CPU)))
                .filteredOn(e -> e.missing() != null)
                .allMatch(e -> e.missing().contains(isText(e.measure()) ? "no-such-program" : "no folder in no-such-folder holds its network"))
                .extracting(e -> e.measure().name()).contains("ocr-f1", "lpips-alex", "alignment-crop", "clipiqa+_vitL14_512");
    }

    /** Text is read by another program. */
    @Test void gradesABlurredPhotoAsWorse() {
        MEASURES.forEach((name, m) -> {
            if (name.startsWith("ocr-")) return;
            double good = m.of(PHOTO, PHOTO), bad = m.of(BLUR, PHOTO);
            boolean isHigher = m.better() == Better.HIGHER || m instanceof Energy; // there is more to see in what is not blurred
            assertThat(isHigher ? good - bad : bad - good).as(name + " of the photo " + good + ", blurred " + bad).isPositive();
        });
    }

    @Test void givesTheSameValuesOnAnyNumberOfThreads() throws Exception {
        Map<String, Double> values = new HashMap<>();
        for (int threads : new int[] {1, 2, 5}) {
            try (ForkJoinPool pool = new ForkJoinPool(threads)) {
                MEASURES.forEach((name, m) -> {
                    if (name.startsWith("ocr-")) return;
                    double value = pool.submit(() -> m.of(BLUR, PHOTO)).join();
                    Double before = values.put(name, value);
                    if (before != null) assertThat(value).as(name).isEqualTo(before);
                });
            }
        }
    }

    @Test void refusesWhatCannotBeCompared() {
        for (Measure m : MEASURES.values()) {
            if (!m.needsReference() || m.name().startsWith("ocr-")) continue;
            assertThatThrownBy(() -> m.of(PHOTO, null)).as(m.name()).isInstanceOf(MeasureError.class).hasMessage(m.name() + " needs a reference");
            assertThatThrownBy(() -> m.of(PHOTO.crop(0, 0, 100, 90), PHOTO)).as(m.name()).isInstanceOf(MeasureError.class)
                    .hasMessageContaining("100x90");
        }
    }

    @Test void consistencyShrinksTheResult() {
        int w = 48, h = 48;
        Image small = Resize.resize(PHOTO, w, h, Filter.BICUBIC);
        assertThat(new Consistency().of(PHOTO, small)).isCloseTo(80, within(1e-6));
        assertThat(new Consistency().of(BLUR, small)).isLessThan(45);
    }

    /** The right half is ten levels brighter, so the middle is a seam of ten levels. */
    @Test void seamsAreStepsOfTheDifference() {
        int w = 64, h = 48;
        byte[] plain = new byte[3 * w * h], halves = new byte[3 * w * h];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) (i / 3 % w);
            halves[i] = (byte) (plain[i] + (i / 3 % w >= w / 2 ? 10 : 0));
        }
        assertThat(new Seams().of(Image.of(w, h, halves), Image.of(w, h, plain))).isCloseTo(10, within(1e-3));
        assertThat(new ColourShift().of(Image.of(w, h, plain), Image.of(w, h, plain))).isZero();
        assertThat(new Energy(Energy.Kind.EDGES).of(Image.of(w, h, plain), null)).as("one level a pixel, over two").isCloseTo(2, within(1e-3));
        assertThat(new Energy(Energy.Kind.DETAIL).of(Image.of(w, h, plain), null)).isCloseTo(0, within(1e-3));
        assertThat(List.of(new Energy(Energy.Kind.TEXTURE).of(Image.of(w, h, plain), null))).allMatch(t -> t > 1 && t < 1.5);
    }
}
