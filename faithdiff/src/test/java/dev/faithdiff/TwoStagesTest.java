package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.TwoStages.DETAIL;
import static dev.faithdiff.restore.TwoStages.QUALITY;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Damage;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.TwoStages;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What two stages do whatever restorers they are. */
@Tag("full")
class TwoStagesTest {
    private static final Option<Integer> LEVEL = Option.whole("level", 100, 0, 255, "The grey that photos become.");

    /** Makes every photo plain grey, and remembers what it was asked. */
    private static final class Painter implements Restorer {
        final List<Options> heard = new ArrayList<>();
        final List<Image> seen = new ArrayList<>();
        final List<Option<?>> options;
        boolean closed;

        Painter(Option<?>... more) {
            options = new ArrayList<>(List.of(SCALE, SIZE, LONG_SIDE, LEVEL));
            options.addAll(List.of(more));
        }

        @Override public Image restore(Image photo, Options o, Listener listener, Path resume) {
            check(o);
            heard.add(o);
            seen.add(photo);
            return grey(ResultSize.of(o, photo).width(), ResultSize.of(o, photo).height(), o.get(LEVEL));
        }

        @Override public List<Option<?>> options() { return options; }

        @Override public Options defaults() { return Options.defaults().with(LEVEL, 200); }

        @Override public Optional<Image> throughAutoencoder(Image photo) { return Optional.of(photo); }

        @Override public void close() { closed = true; }
    }

    private static Image grey(int width, int height, int level) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) level);
        return Image.of(width, height, rgb);
    }

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    private final Painter first = new Painter(SEED), last = new Painter(STEPS);
    private final TwoStages both = new TwoStages(new FirstStage(first, 0.5, 1), last, 0.25);
    private final Image photo = photo(20, 12), enlarged = Resize.resize(photo, 60, 36, Filter.LANCZOS);
    private final Options options = both.defaults().with(SCALE, 3.0).with(LEVEL, 40).with(DETAIL, 0.0);

    @Test void theLastRestoresWhatTheFirstMade() {
        assertThat(both.restore(photo, options.with(STEPS, 5))).isEqualTo(grey(60, 36, 40));
        assertThat(first.heard).containsExactly(Options.defaults().with(SCALE, 3.0).with(LEVEL, 200));
        assertThat(last.heard).containsExactly(Options.defaults().with(SCALE, 1.0).with(LEVEL, 40).with(STEPS, 5));
        assertThat(last.seen).containsExactly(grey(60, 36, 200).mix(Resize.resize(photo, 60, 36, Filter.BICUBIC), 0.5));
    }

    @Test void hasTheLastOnesOptionsAndItsOwn() {
        assertThat(both.options()).containsExactly(SCALE, SIZE, LONG_SIDE, LEVEL, STEPS, DETAIL, QUALITY, STRENGTH, FIDELITY, GUARD);
        assertThat(both.defaults()).isEqualTo(last.defaults().with(DETAIL, 0.25));
        assertThatThrownBy(() -> both.restore(photo, options.with(PROMPT, "a cat"))).hasMessage("this model has no prompt; leave it out");
        assertThatThrownBy(() -> new TwoStages(new FirstStage(first, 0.5, 1), last, 2)).hasMessage("detail must be 0..1, not 2.0");
        assertThat(both.throughAutoencoder(photo)).contains(photo);
    }

    /** Both stages know the size: the first enlarges to it, the last keeps it. */
    @ParameterizedTest
    @CsvSource({"long-side, 50, 50, 30", "size, 64x24, 40, 24", "scale, 1.25, 25, 15"})
    void anySize(String option, String value, int width, int height) {
        Options o = both.defaults().with(DETAIL, 0.0);
        o = switch (option) {
            case "scale" -> o.parsed(SCALE, value);
            case "size" -> o.parsed(SIZE, value);
            default -> o.parsed(LONG_SIDE, value);
        };
        assertThat(both.restore(photo, o)).isEqualTo(grey(width, height, 200));
        assertThat(last.seen.getFirst().width()).isEqualTo(width);
        assertThat(last.heard).containsExactly(last.defaults().with(SCALE, 1.0));
        assertThat(both.restore(photo, o.with(STRENGTH, 0.0))).isEqualTo(Resize.resize(photo, width, height, Filter.LANCZOS));
        Options two = o.with(SIZE, "8x8").with(LONG_SIDE, 9);
        assertThatThrownBy(() -> both.restore(photo, two)).hasMessageContaining("exclude each other");
    }

    @Test void fastStopsAfterTheFirst() {
        assertThat(both.restore(photo, options.with(QUALITY, TwoStages.Effort.FAST))).isEqualTo(grey(60, 36, 200));
        assertThat(last.heard).isEmpty();
    }

    @Test void detailIsTheFirstStages() {
        assertThat(both.restore(photo, options.with(DETAIL, 0.6))).isEqualTo(FrequencyBlend.finest(grey(60, 36, 40), grey(60, 36, 200), 0.6));
    }

    @Test void strengthMixesTheEnlargedPhotoIn() {
        assertThat(both.restore(photo, options.with(STRENGTH, 0.3))).isEqualTo(grey(60, 36, 40).mix(enlarged, 0.3));
        assertThat(both.restore(photo, options.with(STRENGTH, 0.3).with(QUALITY, TwoStages.Effort.FAST)))
                .isEqualTo(grey(60, 36, 200).mix(enlarged, 0.3));
        assertThat(last.heard).allMatch(o -> o.get(STRENGTH) == 1);
        last.heard.clear();
        assertThat(both.restore(photo, options.with(STRENGTH, 0.0))).isEqualTo(enlarged);
        assertThat(last.heard).isEmpty();
    }

    /** Also where the last stage has a fidelity of its own, which would bring back the first stage's result. */
    @Test void fidelityIsToThePhoto() {
        Painter faithful = new Painter(FIDELITY);
        for (Painter p : List.of(last, faithful)) {
            TwoStages stages = new TwoStages(new FirstStage(first, 0.5, 1), p, 0);
            assertThat(stages.restore(photo, options.with(FIDELITY, 0.3))).isEqualTo(FrequencyBlend.apply(grey(60, 36, 40), enlarged, 0.3));
            assertThat(p.heard).hasSize(1).allMatch(o -> o.get(FIDELITY) == 0);
            assertThat(stages.restore(photo, options.with(FIDELITY, 1.0))).isEqualTo(enlarged);
            assertThat(p.heard).hasSize(1);
        }
    }

    /** The last stage has a guard and a strength of its own, of which it hears nothing. */
    @Test void theGuardJudgesThePhoto() {
        Painter guarded = new Painter(GUARD, STRENGTH);
        TwoStages stages = new TwoStages(new FirstStage(first, 1, 1), guarded, 0);
        Image clean = ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples", "chelsea.png")).crop(48, 192, 96, 64);
        assertThat(Damage.of(clean).isMild()).isTrue();
        List<String> said = new ArrayList<>();
        Listener hears = new Listener() {
            @Override public void at(String stage, int step, int steps) {}

            @Override public void warn(String line) { said.add(line); }
        };
        Image warned = stages.restore(clean, stages.defaults().with(SCALE, 1.0), hears);
        Image lowered = stages.restore(clean, stages.defaults().with(SCALE, 1.0).with(GUARD, Guard.AUTO), hears);
        assertThat(said).hasSize(2).allMatch(line -> line.contains("hardly damaged")).last().asString()
                .contains("lowered to " + Damage.MILD_STRENGTH);
        assertThat(warned).isEqualTo(grey(96, 64, 200));
        assertThat(lowered).isEqualTo(warned.mix(clean, Damage.MILD_STRENGTH));
        assertThat(guarded.heard).hasSize(2).allMatch(o -> o.get(GUARD) == Guard.OFF && o.get(STRENGTH) == 1);
        said.clear();
        stages.restore(clean, stages.defaults().with(SCALE, 1.0).with(GUARD, Guard.OFF), hears);
        assertThat(said).isEmpty();
    }

    @Test void closesBoth() {
        both.close();
        assertThat(first.closed && last.closed).isTrue();
    }

    /** Model folders of any two kinds: the last one restores what the first one made as if it were the photo. */
    @ParameterizedTest
    @CsvSource({"bsrnet_x4, faithdiff", "srvgg_x4, faithdiff", "bsrnet_x4, realesrgan_x2", "faithdiff, srvgg_x4"})
    void ofAnyTwoModels(String before, String after) {
        try (TwoStages stages = Restorers.open(folder(before), folder(after), Compute.on(Device.CPU))) {
            Options o = stages.defaults().with(SCALE, 3.0);
            Image cleaned = stages.first().network().restore(photo, stages.first().network().defaults().with(SCALE, 3.0));
            assertThat(stages.restore(photo, o)).isEqualTo(stages.last().restore(cleaned, stages.last().defaults().with(SCALE, 1.0)));
        }
    }

    private static Path folder(String name) { return name.equals("faithdiff") ? TinyModel.folder() : GeneratorModels.folder(name); }
}
