package dev.faithdiff.tensor;

import static dev.faithdiff.Fixtures.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RngTest {
    private static final double ATOL = atol("randn float32"), PHILOX_ATOL = atol("philox_randn");
    private static final Pattern NAME = Pattern.compile("(?<kind>[a-z0-9_]+)\\.seed(?<seed>-?\\d+)(\\.(?<rest>.+))?");
    private static final Pattern RANGE = Pattern.compile("randint_(neg)?(\\d+)_(2pow)?(\\d+).*");

    private final Fixtures cpu = Fixtures.open("rng/cpu.safetensors");
    private final Fixtures cuda = Fixtures.open("rng/cuda_philox_published_algorithm.safetensors");

    @Test void cpuGeneratorDrawsTorchsNumbers() {
        for (String name : cpu.names()) {
            Matcher m = match(name);
            if (!m.group("kind").equals("sequence")) check(name, m.group("kind"), Rng.cpu(seed(m)));
        }
    }

    @Test void cpuGeneratorGoesOnFromCallToCall() {
        Map<Long, List<String>> calls = cpu.names().stream().filter(n -> n.startsWith("sequence."))
                .collect(Collectors.groupingBy(n -> seed(match(n))));
        assertThat(calls).isNotEmpty();
        calls.forEach((seed, names) -> {
            Mt19937 rng = Rng.cpu(seed);
            names.stream().sorted(Comparator.comparingInt(RngTest::turn)).forEach(name -> {
                long[] state = rng.state();
                String kind = match(name).group("rest").replaceFirst("^\\d+_", "").replaceFirst("(randn|rand)_.*", "$1");
                check(name, kind, rng);
                Mt19937 resumed = Rng.cpu(0);
                resumed.restore(state);
                check(name, kind, resumed);
                assertThat(resumed.state()).as(name).isEqualTo(rng.state());
            });
        });
    }

    @Test void philoxDrawsThePublishedAlgorithmsNumbers() {
        for (String name : cuda.names()) {
            Matcher m = match(name);
            long offset = Long.parseLong(name.substring(name.lastIndexOf("offset") + 6));
            if (m.group("kind").equals("philox_raw_uint32x4")) {
                long[] expected = cuda.longs(name);
                for (int i = 0; i < expected.length / 4; i++) {
                    int[] words = Philox.words(seed(m), i, offset);
                    for (int j = 0; j < 4; j++) assertThat(words[j]).as("%s [%d, %d]", name, i, j).isEqualTo((int) expected[4 * i + j]);
                }
            } else {
                Philox rng = Rng.philox(seed(m));
                for (int i = 0; i < offset; i++) rng.randn(3);
                assertClose(name, rng.randn((int) cuda.shape(name).count()), cuda.floats(name), PHILOX_ATOL);
            }
        }
    }

    @Test void philoxGivesTheKnownAnswers() {
        var answers = Fixtures.json("rng/rng.json").getAsJsonObject("philox_known_answers");
        assertThat(hex(Philox.words(0, 0, 0))).isEqualTo(answers.get("counter 0,0,0,0 key 0,0").getAsString());
        assertThat(hex(Philox.words(-1, -1, -1))).isEqualTo(answers.get("all ones").getAsString());
    }

    @Test void philoxReusesWordsBeyondTheResidentThreads() {
        int threads = 512, count = 5 * threads + 7;
        Philox rng = Rng.philox(42, threads);
        float[] u = rng.rand(count);
        for (int i : new int[] {0, threads, 2 * threads + 1, 4 * threads + 5, count - 1}) {
            int word = Philox.words(42, i % threads, i / threads / 4)[i / threads % 4];
            assertThat(u[i]).isEqualTo((word & 0xffffffffL) * 0x1p-32f + 0x1p-33f);
        }
        assertThat(rng.state()).containsExactly(42, 2);
        assertThat(LongStream.of(rng.randint(-5, 7, 300))).allMatch(x -> x >= -5 && x < 7);
        assertThat(LongStream.of(rng.randint(0, 1L << 40, 3 * threads))).anyMatch(x -> x > 1L << 32);
        assertThat(rng.state()).containsExactly(42, 5);
        Philox resumed = Rng.philox(0, threads);
        resumed.restore(rng.state());
        assertThat(resumed.randn(count)).isEqualTo(rng.randn(count));
    }

    @Test void refusesWhatItCannotDraw() {
        assertThatThrownBy(() -> Rng.cpu(0).randint(3, 3, 1)).isInstanceOf(OpError.class).hasMessageContaining("range is empty");
        assertThatThrownBy(() -> Rng.cpu(0).restore(Rng.philox(0).state())).isInstanceOf(OpError.class);
        assertThatThrownBy(() -> Rng.philox(0).restore(Rng.cpu(0).state())).isInstanceOf(OpError.class);
    }

    private void check(String name, String kind, Mt19937 rng) {
        int count = (int) cpu.shape(name).count();
        Matcher range = RANGE.matcher(kind);
        if (range.matches()) {
            long low = (range.group(1) == null ? 1 : -1) * Long.parseLong(range.group(2)), high = Long.parseLong(range.group(4));
            assertThat(rng.randint(low, range.group(3) == null ? high : 1L << high, count)).as(name).isEqualTo(cpu.longs(name));
            return;
        }
        switch (kind.replaceFirst("\\d*$", "").equals("randperm") ? "randperm" : kind) {
            case "randn", "global_manual_seed" -> assertClose(name, rng.randn(count), cpu.floats(name), ATOL);
            case "rand" -> assertThat(rng.rand(count)).as(name).isEqualTo(cpu.floats(name));
            case "randn_float16", "randn_bfloat16" -> checkRounded(name, rng.randn(count));
            case "randn_float64" -> assertThat(worst(rng.randnDoubles(count), doubles(name))).as(name).isLessThan(1e-14);
            case "rand_float64" -> assertThat(rng.randDoubles(count)).as(name).isEqualTo(doubles(name));
            case "randperm" -> assertThat(rng.randperm(count)).as(name).isEqualTo(cpu.longs(name));
            default -> throw new AssertionError("no test for " + name);
        }
    }

    /** A value within its tolerance of a rounding boundary may fall to either side. */
    private void checkRounded(String name, float[] actual) {
        DType type = cpu.entry(name).dtype();
        float[] expected = cpu.floats(name);
        MemorySegment s = MemorySegment.ofArray(new byte[8]);
        for (int i = 0; i < actual.length; i++) {
            type.set(s, 0, (float) (actual[i] - ATOL));
            type.set(s, 4, (float) (actual[i] + ATOL));
            assertThat(expected[i]).as("%s [%d]", name, i).isBetween(type.get(s, 0), type.get(s, 4));
        }
    }

    private double[] doubles(String name) {
        double[] values = new double[(int) cpu.shape(name).count()];
        for (int i = 0; i < values.length; i++) values[i] = cpu.entry(name).data().get(DType.DOUBLE, 8L * i);
        return values;
    }

    private static double worst(double[] a, double[] b) {
        double worst = 0;
        for (int i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
        return worst;
    }

    private static String hex(int[] words) {
        return Arrays.stream(words).mapToObj(w -> HexFormat.of().toHexDigits(w)).collect(Collectors.joining(" "));
    }

    private static Matcher match(String name) {
        Matcher m = NAME.matcher(name);
        assertThat(m.matches()).as(name).isTrue();
        return m;
    }

    private static int turn(String name) { return Integer.parseInt(match(name).group("rest").split("_")[0]); }

    private static double atol(String what) {
        return Fixtures.json("rng/rng.json").getAsJsonObject("suggested_atol").get(what).getAsDouble();
    }

    private static long seed(Matcher m) { return Long.parseLong(m.group("seed")); }
}
