package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.tensor.DType;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The vector functions against double arithmetic, and the conversions to float against the scalar ones. */
class VecTest {
    @Test void widthIsTheOneAskedFor() {
        int bits = Integer.getInteger("faithdiff.vector.bits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        assertThat(Vec.LANES).isEqualTo(bits / 32);
        int threads = Integer.getInteger("faithdiff.threads", Runtime.getRuntime().availableProcessors());
        assertThat(Parallel.threads()).isEqualTo(threads);
    }

    @Test void exponentialIsWithinTwoUlp() {
        for (float x = -110; x < 90; x += 0.0037f) {
            double e = Math.exp(x);
            if (e > Float.MAX_VALUE) assertThat(at(Vec::exp, x)).isInfinite();
            else assertThat(Math.abs(at(Vec::exp, x) - e)).as("exp(%s)", x).isLessThanOrEqualTo(2 * Math.ulp((float) e));
        }
    }

    @Test void exponentialKeepsTheEnds() {
        assertThat(at(Vec::exp, Float.NEGATIVE_INFINITY)).isZero();
        assertThat(at(Vec::exp, -1e30f)).isZero();
        assertThat(at(Vec::exp, 0)).isEqualTo(1);
        assertThat(at(Vec::exp, Float.POSITIVE_INFINITY)).isInfinite();
        assertThat(at(Vec::exp, Float.NaN)).isNaN();
    }

    @Test void activationsMatchTheirFormulas() {
        check(Vec::sigmoid, x -> 1 / (1 + Math.exp(-x)), 3e-7);
        check(Vec::silu, x -> x / (1 + Math.exp(-x)), 3e-7);
        check(Vec::erf, VecTest::erf, 5e-7);
        check(Vec::gelu, x -> x / 2 * (1 + erf(x / Math.sqrt(2))), 1e-6);
    }

    @ParameterizedTest @EnumSource(names = {"F16", "BF16", "F8_E4M3"})
    void wideningIsExactForEveryBitPattern(DType dtype) {
        int count = 1 << 8 * dtype.bytes();
        Matrix m = Native.filled(dtype, 1, count, count);
        for (int i = 0; i < count; i++) {
            if (dtype.bytes() == 1) Vec.MEMORY.set(DType.BYTE, m.address() + i, (byte) i);
            else Vec.MEMORY.set(DType.SHORT, m.address() + 2L * i, (short) i);
        }
        float[] wide = new float[count + 1];
        for (int from : new int[] {0, 1, 5}) {
            ToFloat.row(dtype, m.at(0, from), count - from, wide, 1);
            for (int i = from; i < count; i++) {
                float exact = Native.get(m, 0, i);
                assertThat(Float.floatToIntBits(wide[1 + i - from])).as("bits %x", i).isEqualTo(Float.floatToIntBits(exact));
            }
        }
        ToFloat.vectors(dtype, m.address(), count - Vec.LANES, wide, 1); // on the Vector API, whether there is machine code or not
        for (int i = 0; i < count - Vec.LANES; i++) {
            assertThat(Float.floatToIntBits(wide[1 + i])).isEqualTo(Float.floatToIntBits(Native.get(m, 0, i)));
        }
    }

    private static void check(UnaryOperator<FloatVector> f, DoubleUnaryOperator exact, double tolerance) {
        for (float x = -20; x < 20; x += 0.0113f) {
            double y = exact.applyAsDouble(x);
            assertThat(Math.abs(at(f, x) - y)).as("at %s", x).isLessThanOrEqualTo(tolerance * Math.max(1, Math.abs(y)));
        }
    }

    private static float at(UnaryOperator<FloatVector> f, float x) {
        return f.apply(FloatVector.broadcast(Vec.F, x)).lane(Vec.LANES - 1);
    }

    /** A series of positive terms, e^-x2 times x^(2n+1) 2^n / (2n+1)!!. */
    private static double erf(double x) {
        double sum = 0, term = x;
        for (int n = 0; n < 2000; n++) {
            sum += term;
            term *= 2 * x * x / (2 * n + 3);
        }
        return Math.abs(x) > 6 ? Math.signum(x) : 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
