package dev.faithdiff.quality.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTest {
    @TempDir Path dir;

    /** A photo whose errors grow with its scores, more so in some photos than in others. */
    private static TrustedPart photo(Random random) {
        int pixels = 200;
        byte[] scores = new byte[pixels];
        float[] errors = new float[pixels];
        double hardness = random.nextDouble();
        for (int i = 0; i < pixels; i++) {
            int s = random.nextInt(256);
            scores[i] = (byte) s;
            errors[i] = (float) Math.min(1, s / 255.0 * hardness * random.nextDouble());
        }
        return TrustedPart.of(scores, new Plane(pixels, 1, errors));
    }

    private static Calibration calibration(List<TrustedPart> parts) { return Calibration.of(parts, Map.of("recipe", "mini"), 512, 0); }

    @Test void theThresholdIsTheLargestThatTheDefinitionAllows() {
        Random random = new Random(1);
        List<TrustedPart> parts = Stream.generate(() -> photo(random)).limit(30).toList();
        Calibration c = calibration(parts);
        for (double alpha : new double[] {0.01, 0.05, 0.1, 0.2, 0.5, 1}) {
            int largest = -1;
            for (int t = 0; t < 256; t++) {
                int score = t;
                if ((parts.stream().mapToDouble(p -> p.largest()[score]).sum() + 1) / 31 <= alpha - 2e-5) largest = t;
            }
            assertThat(c.threshold(alpha)).isEqualTo(largest);
        }
        assertThat(c.threshold(0.03)).as("with 30 photos less than 1/31 cannot be promised").isEqualTo(-1);
        assertThat(c.threshold(1)).isEqualTo(255);
    }

    /** Over many draws of few calibration photos and one further photo, the mean largest error inside the mask stays below what was chosen. */
    @Test void holdsItsPromiseForFewPhotos() {
        Random random = new Random(2);
        int draws = 1500, photos = 20;
        for (double alpha : new double[] {0.1, 0.2, 0.3}) {
            double inside = 0, share = 0;
            for (int k = 0; k < draws; k++) {
                int t = calibration(Stream.generate(() -> photo(random)).limit(photos).toList()).threshold(alpha);
                TrustedPart further = photo(random);
                inside += t < 0 ? 0 : further.largest()[t] / draws;
                share += t < 0 ? 0 : further.share()[t] / draws;
            }
            // the promise is not met by masks of nothing, and what it costs is about 1/n
            assertThat(inside).isLessThan(alpha).isGreaterThan(alpha - 2.0 / photos);
            assertThat(share).isGreaterThan(0.05);
        }
    }

    @Test void isReadAsItWasWrittenAndDamagedFilesAreRefused() throws IOException {
        Random random = new Random(3);
        Calibration c = calibration(Stream.generate(() -> photo(random)).limit(5).toList());
        Path file = dir.resolve("trust.json");
        c.write(file);
        assertThat(Calibration.read(file)).isEqualTo(c);
        assertThat(Calibration.ofModel(dir)).isEqualTo(c);
        assertThat(Calibration.ofModel(dir.resolve("none"))).isNull();
        String text = Files.readString(file);
        for (String wrong : new String[] {text.replace("faithdiff-trust", "other"), text.replace("\"largest\":[", "\"largest\":[2,"),
                text.replace("\"made\"", "\"x\""), text.replace("\"share\":[", "\"share\":[\"a\",")}) {
            Files.writeString(file, wrong);
            assertThatThrownBy(() -> Calibration.read(file)).isInstanceOf(ModelError.class).hasMessageContaining("trust.json");
        }
    }

    @Test void meansOverSquaresAreThoseOfTheirPixels() {
        Random random = new Random(4);
        int w = 13, h = 9;
        float[] values = new float[w * h];
        for (int i = 0; i < values.length; i++) values[i] = random.nextFloat();
        float[] mean = new Plane(w, h, values).mean(5).values(), spread = new Plane(w, h, values).spread(5).values();
        for (int i = 0; i < values.length; i++) {
            int x = i % w, y = i / w;
            double[] around = IntStream.range(0, w * h).filter(k -> Math.abs(k % w - x) <= 2 && Math.abs(k / w - y) <= 2)
                    .mapToDouble(k -> values[k]).toArray();
            double m = IntStream.range(0, around.length).mapToDouble(k -> around[k]).average().orElseThrow();
            double variance = IntStream.range(0, around.length).mapToDouble(k -> (around[k] - m) * (around[k] - m)).average().orElseThrow();
            assertThat((double) mean[i]).isCloseTo(m, within(1e-6));
            assertThat((double) spread[i]).isCloseTo(Math.sqrt(variance), within(1e-4));
        }
        assertThat(new Plane(3, 1, new float[] {1, 2, 6}).mean(15).values()).containsOnly(3);
    }

    @Test void scoresTellFlatKeptPartsFromChangedAndFromDetailedOnes() {
        int side = 90;
        byte[] before = new byte[3 * side * side], after = new byte[3 * side * side];
        for (int i = 0; i < before.length; i++) {
            int x = i / 3 % side;
            before[i] = (byte) 100;
            after[i] = (byte) (x < 30 ? 100 : x < 60 ? 160 : x % 2 * 120 + 40); // kept, changed, detailed
        }
        Image result = Image.of(side, side, after), enlarged = Image.of(side, side, before);
        byte[] scores = TrustScore.of(result, enlarged, null);
        int row = 45 * side;
        assertThat(scores[row + 15] & 0xff).as("nothing but the rounding of F32").isLessThan(5);
        assertThat(scores[row + 45] & 0xff).isEqualTo((int) (255 * Math.sqrt(4 * 60 / 255.0)));
        assertThat(scores[row + 75] & 0xff).isGreaterThan(scores[row + 45] & 0xff);
        byte[] other = TrustScore.of(result, enlarged, Plane.deviation(List.of(result, enlarged)));
        assertThat(other[row + 15] & 0xff).as("seeds agree").isLessThan(5);
        assertThat(other[row + 45] & 0xff).as("seeds differ").isEqualTo(255);
        assertThat((double) Plane.deviation(List.of(result, enlarged)).values()[row + 45]).isCloseTo(30 / 255.0, within(1e-6));
    }

    @Test void whatSurvivesShrinkingIsAConstantOffsetAndNotFineDetail() {
        byte[] small = new byte[3 * 8 * 8], large = new byte[3 * 32 * 32];
        for (int i = 0; i < small.length; i++) small[i] = 100;
        for (int i = 0; i < large.length; i++) {
            int x = i / 3 % 32, y = i / 3 / 32;
            large[i] = (byte) (x < 16 ? 100 + ((x + y) % 2 == 0 ? 20 : -20) : 125);
        }
        Plane left = TrustScore.unexplained(Image.of(32, 32, large), Image.of(8, 8, small));
        assertThat((double) left.values()[16 * 32 + 4]).isCloseTo(0, within(0.005));
        assertThat((double) left.values()[16 * 32 + 28]).isCloseTo(25 / 255.0, within(0.005));
        assertThat(TrustScore.unexplained(Image.of(8, 8, small), Image.of(32, 32, large))).isNull();
    }
}
