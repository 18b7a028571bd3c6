package dev.faithdiff.kernels.cpu;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the vector kernels share: the vector width, access to memory by address, and elementary functions.
 *
 * <p>The width is the machine's, or {@code faithdiff.vector.bits} (128, 256, 512). All CPU storage is native, and all kernels access it through the
 * one constant segment {@link #MEMORY}: the compiler then knows its class and needs no profile.
 */
public final class Vec {
    /** The species of all F32 vectors. */
    public static final VectorSpecies<Float> F = species();
    /** Integers of the same lanes. */
    public static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    /** Floats in a vector. */
    public static final int LANES = F.length();
    /** Floats that are summed side by side, in one vector or several: so sums have one order, whatever the width of a vector. */
    public static final int SIDE = 16;
    /** The whole address space; offsets in it are addresses. */
    public static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    /** The bits of an address, as a mask. It changes no address, but shows the compiler that the address is in bounds: loops then need no checks. */
    public static final long ADDRESS = (1L << 56) - 1;
    /** A float at any byte address. */
    public static final ValueLayout.OfFloat FLOAT = DType.FLOAT;
    /** The byte order of all storage. */
    public static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private static final VectorShuffle<Float> EIGHT = ahead(8), FOUR = ahead(4), TWO = ahead(2);
    private static final float LOG2_E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f, ROOT_HALF = 0.70710678f;
    private static final float ROUND = 0x1.8p23f; // adding it leaves the nearest integer in the low mantissa bits

    private Vec() {}

    private static VectorSpecies<Float> species() {
        return switch (Integer.getInteger("faithdiff.vector.bits", 0)) {
            case 128 -> FloatVector.SPECIES_128;
            case 256 -> FloatVector.SPECIES_256;
            case 512 -> FloatVector.SPECIES_512;
            default -> FloatVector.SPECIES_PREFERRED;
        };
    }

    /** The width of a vector in bits. */
    public static int bits() { return F.vectorBitSize(); }

    /** The vector at an address. */
    public static FloatVector load(long address) { return FloatVector.fromMemorySegment(F, MEMORY, address & ADDRESS, LE); }

    /** Writes a vector to an address. */
    public static void store(FloatVector v, long address) { v.intoMemorySegment(MEMORY, address & ADDRESS, LE); }

    /** The float at an address. */
    public static float get(long address) { return MEMORY.get(FLOAT, address & ADDRESS); }

    /** A number of 64 bits, such as an address, from a list at an address. */
    public static long number(long list, int index) { return MEMORY.get(DType.LONG, list + 8L * index & ADDRESS); }

    /** Writes a number of 64 bits to a list at an address. */
    public static void setNumber(long list, int index, long number) { MEMORY.set(DType.LONG, list + 8L * index & ADDRESS, number); }

    /** Writes a float to an address. */
    public static void set(long address, float v) { MEMORY.set(FLOAT, address & ADDRESS, v); }

    /** The sum of the lanes, by halves. The order of reduceLanes is not specified, and interpreted and compiled code differ in it. */
    public static float sum(FloatVector v) {
        if (LANES > 8) v = v.add(v.rearrange(EIGHT));
        if (LANES > 4) v = v.add(v.rearrange(FOUR));
        v = v.add(v.rearrange(TWO));
        return v.lane(0) + v.lane(1);
    }

    /** The sum of {@link #SIDE} floats at an address, by halves, in the same order for every width of vectors. */
    public static float sumSide(long at) {
        if (LANES == 16) return sum(load(at));
        if (LANES == 8) return sum(load(at).add(load(at + 32)));
        return sum(load(at).add(load(at + 32)).add(load(at + 16).add(load(at + 48))));
    }

    private static VectorShuffle<Float> ahead(int lanes) { return VectorShuffle.fromOp(F, i -> (i + lanes) % LANES); }

    /** e^x over the whole range, subnormal results included; error below 2 ulp. Cephes' expf: 2^n times a polynomial. */
    public static FloatVector exp(FloatVector x) {
        FloatVector clamped = clamp(x, -104f, 89f);
        FloatVector shifted = clamped.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), clamped);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
        p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
        p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
        p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1f);
        // 2^n in two factors, since n reaches from -150 to 128
        IntVector whole = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUND));
        IntVector half = whole.lanewise(ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(whole.sub(half)));
    }

    private static FloatVector powerOfTwo(IntVector n) { return n.add(127).lanewise(LSHL, 23).reinterpretAsFloats(); }

    /**
     * 2^(factor x) where the result lies between 2^-126 and 2^127, at half the cost of {@link #exp}. The relative error is below 2 ulp plus that of
     * the factor; the polynomial is the best of degree 5 on [-1/2, 1/2].
     */
    public static FloatVector power(FloatVector x, FloatVector factor) {
        FloatVector round = FloatVector.broadcast(F, ROUND);
        FloatVector shifted = x.fma(factor, round);
        FloatVector r = x.fma(factor, round.sub(shifted));
        FloatVector p = FloatVector.broadcast(F, 0.0013264727f);
        p = p.fma(r, FloatVector.broadcast(F, 0.009671513f));
        p = p.fma(r, FloatVector.broadcast(F, 0.055507336f));
        p = p.fma(r, FloatVector.broadcast(F, 0.24022242f));
        p = p.fma(r, FloatVector.broadcast(F, 0.693147f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        return p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats();
    }

    /** x limited to low..high; NaN stays NaN. {@link FloatVector#max} and min, which order zeros, take five instructions more. */
    public static FloatVector clamp(FloatVector x, float low, float high) {
        FloatVector a = FloatVector.broadcast(F, low), b = FloatVector.broadcast(F, high);
        x = x.blend(a, x.compare(LT, a));
        return x.blend(b, x.compare(GT, b));
    }

    /** 1 + e^-x, with x limited to -87..87, beyond which the functions below do not change. */
    private static FloatVector logisticDivisor(FloatVector x) {
        return power(clamp(x, -87f, 87f), FloatVector.broadcast(F, -LOG2_E)).add(1f);
    }

    /** 1 / (1 + e^-x). */
    public static FloatVector sigmoid(FloatVector x) { return FloatVector.broadcast(F, 1f).div(logisticDivisor(x)); }

    /** x sigmoid(x). */
    public static FloatVector silu(FloatVector x) { return x.div(logisticDivisor(x)); }

    /** tanh as 2 sigmoid(2 x) - 1; near zero, where the difference would lose digits, as a polynomial. Error below 3 ulp. */
    public static FloatVector tanh(FloatVector x) {
        FloatVector far = sigmoid(x.add(x)).mul(2f).sub(1f);
        FloatVector s = x.mul(x); // Cephes' tanhf
        FloatVector p = FloatVector.broadcast(F, -5.70498872745e-3f);
        p = p.fma(s, FloatVector.broadcast(F, 2.06390887954e-2f));
        p = p.fma(s, FloatVector.broadcast(F, -5.37397155531e-2f));
        p = p.fma(s, FloatVector.broadcast(F, 1.33314422036e-1f));
        p = p.fma(s, FloatVector.broadcast(F, -3.33332819422e-1f));
        return far.blend(p.mul(s).fma(x, x), s.compare(LT, 0.390625f));
    }

    /**
     * The natural logarithm over the whole range, including subnormal numbers; error below 2 ulp. FreeBSD's logf: the exponent times ln 2, plus the
     * logarithm of the mantissa 1 + f between sqrt(1/2) and sqrt(2) by a series in s = f / (2 + f).
     */
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> tiny = x.compare(LT, 0x1p-126f);
        IntVector bits = x.blend(x.mul(0x1p23f), tiny).reinterpretAsInts().add(Float.floatToRawIntBits(1f) - Float.floatToRawIntBits(ROOT_HALF));
        FloatVector n = bits.lanewise(ASHR, 23).add(Float.floatToRawIntBits(ROUND) - 127).reinterpretAsFloats();
        n = n.sub(FloatVector.broadcast(F, ROUND).blend(ROUND + 23, tiny));
        FloatVector f = bits.and(0x7fffff).add(Float.floatToRawIntBits(ROOT_HALF)).reinterpretAsFloats().sub(1f);
        FloatVector s = f.div(f.add(2f)), z = s.mul(s);
        FloatVector half = f.mul(f).mul(0.5f);
        FloatVector p = FloatVector.broadcast(F, 0.24279078841f);
        p = p.fma(z, FloatVector.broadcast(F, 0.28498786688f));
        p = p.fma(z, FloatVector.broadcast(F, 0.40000972152f));
        p = p.fma(z, FloatVector.broadcast(F, 0.66666662693f));
        FloatVector rest = s.fma(p.fma(z, half), n.mul(LN2_LOW)).sub(half);
        return logEdges(x, n.fma(FloatVector.broadcast(F, LN2_HIGH), f.add(rest)));
    }

    /** The logarithm y of x, corrected where x is not a finite number above zero. */
    private static FloatVector logEdges(FloatVector x, FloatVector y) {
        y = y.blend(x, x.compare(EQ, Float.POSITIVE_INFINITY)).blend(Float.NEGATIVE_INFINITY, x.compare(EQ, 0f));
        return y.blend(Float.NaN, x.compare(GE, 0f).not());
    }

    /** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), the approximation of GELU. */
    public static FloatVector geluTanh(FloatVector x) { return x.div(logisticDivisor(geluTanhLogit(x))); }

    /** The argument of the sigmoid in {@link #geluTanh}. */
    public static FloatVector geluTanhLogit(FloatVector x) {
        return x.mul(x).fma(FloatVector.broadcast(F, 0.071354816f), FloatVector.broadcast(F, 1.5957691f)).mul(x);
    }

    /** x/2 (1 + erf(x / sqrt 2)), the exact form of GELU. */
    public static FloatVector gelu(FloatVector x) {
        FloatVector half = x.mul(0.5f);
        return half.fma(erf(x.mul(0.70710678f)), half);
    }

    /** The error function as Eigen's ratio of polynomials on [-4, 4], where it reaches one. */
    public static FloatVector erf(FloatVector x) {
        FloatVector c = clamp(x, -4f, 4f);
        FloatVector s = c.mul(c);
        FloatVector p = FloatVector.broadcast(F, -2.72614225801306e-10f);
        p = p.fma(s, FloatVector.broadcast(F, 2.77068142495902e-08f));
        p = p.fma(s, FloatVector.broadcast(F, -2.10102402082508e-06f));
        p = p.fma(s, FloatVector.broadcast(F, -5.69250639462346e-05f));
        p = p.fma(s, FloatVector.broadcast(F, -7.34990630326855e-04f));
        p = p.fma(s, FloatVector.broadcast(F, -2.95459980854025e-03f));
        p = p.fma(s, FloatVector.broadcast(F, -1.60960333262415e-02f));
        FloatVector q = FloatVector.broadcast(F, -1.45660718464996e-05f);
        q = q.fma(s, FloatVector.broadcast(F, -2.13374055278905e-04f));
        q = q.fma(s, FloatVector.broadcast(F, -1.68282697438203e-03f));
        q = q.fma(s, FloatVector.broadcast(F, -7.37332916720468e-03f));
        q = q.fma(s, FloatVector.broadcast(F, -1.42647390514189e-02f));
        return c.mul(p).div(q);
    }
}
