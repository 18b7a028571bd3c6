package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/**
 * GELU's derivative in several passes over memory that fits the L1 cache. As one loop, or with each pass called directly, the code is more than the
 * compiler inlines, and for vectors of methods that are not inlined it allocates objects. A single call site for all passes inlines none of them.
 */
final class GeluSlope {
    private interface Pass {
        void run(long x, long g, long value, long to, long toValue, int n);
    }

    private static final int STRETCH = 1024;
    private static final Pass[] UNARY = {
        (x, g, value, to, toValue, n) -> distribution(x, to, n),
        (x, g, value, to, toValue, n) -> addDensity(x, to, n),
        (x, g, value, to, toValue, n) -> times(g, to, n)};
    private static final Pass[] GATE = {
        (x, g, value, to, toValue, n) -> distribution(x, to, n),
        (x, g, value, to, toValue, n) -> product(g, x, to, toValue, n),
        (x, g, value, to, toValue, n) -> addDensity(x, to, n),
        (x, g, value, to, toValue, n) -> product(g, value, to, to, n)};

    private static final float PEAK = 0.3989422804f;         // of the normal density: 1 / sqrt(2 pi)
    private static final float EXPONENT = -0.72134752f;      // e^(-x^2/2) is 2 to the power of this times x^2
    private static final float NOTHING = 170f;               // the x^2 from which the density is negligible

    private GeluSlope() {}

    /** {@code to = g gelu'(x)}; memory of its own. */
    static void unary(long x, long g, long to, int n) { run(UNARY, x, g, 0, to, 0, n); }

    /** {@code to = g value gelu'(x)} and {@code toValue = g gelu(x)}; memory of their own. */
    static void gate(long x, long g, long value, long to, long toValue, int n) { run(GATE, x, g, value, to, toValue, n); }

    private static void run(Pass[] passes, long x, long g, long value, long to, long toValue, int n) {
        for (int i = 0; i < n; i += STRETCH) {
            long at = 4L * i;
            for (Pass p : passes) p.run(x + at, g + at, value + at, to + at, toValue + at, Math.min(STRETCH, n - i));
        }
    }

    /** y = the normal distribution function at x. */
    private static void distribution(long x, long y, int n) {
        FloatVector half = FloatVector.broadcast(Vec.F, 0.5f);
        for (int i = 0; i < n; i += LANES) store(Vec.erf(load(x + 4L * i).mul(0.70710678f)).fma(half, half), y + 4L * i);
    }

    /** y += x times the normal density at x. */
    private static void addDensity(long x, long y, int n) {
        FloatVector exponent = FloatVector.broadcast(Vec.F, EXPONENT);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i), square = v.mul(v);
            FloatVector density = Vec.power(square.blend(NOTHING, square.compare(GT, NOTHING)), exponent).mul(PEAK);
            store(v.fma(density, load(y + 4L * i)), y + 4L * i);
        }
    }

    /** y = a y. */
    private static void times(long a, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).mul(load(y + 4L * i)), y + 4L * i);
    }

    /** y = a b c. */
    private static void product(long a, long b, long c, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).mul(load(b + 4L * i)).mul(load(c + 4L * i)), y + 4L * i);
    }
}
