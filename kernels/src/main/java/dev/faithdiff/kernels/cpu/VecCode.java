package dev.faithdiff.kernels.cpu;

import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/** The elementary functions of {@link Vec} as machine code, step by step the same, so to the same bits. */
public final class VecCode {
    private static final float LOG2_E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f, ROOT_HALF = 0.70710678f;
    private static final float ROUND = 0x1.8p23f; // adding it leaves the nearest integer in the low mantissa bits

    private VecCode() {}

    /** True where this process runs machine code on vectors of the width of {@link Vec}. */
    public static boolean isHere() { return Vec.LANES == 16 && CpuFeature.AVX512.isHere() || Vec.LANES == 8 && CpuFeature.AVX2.isHere(); }

    /** Null, or why this process runs no such code. */
    public static String unavailable() { return isHere() ? null : "needs emitted code; " + CpuFeature.line(); }

    /** An empty routine on vectors of the width of {@link Vec}. */
    public static VectorCode start() { return new VectorCode(Vec.bits()); }

    /** A polynomial in x: {@code first x^n + ...}, by fused multiply-adds. */
    private static Value polynomial(VectorCode c, Value x, float first, float... more) {
        Value p = c.fma(x, c.constant(first), c.constant(more[0]));
        for (int i = 1; i < more.length; i++) p = c.fma(p, x, c.constant(more[i]));
        return p;
    }

    /** See {@link Vec#exp}. */
    public static Value exp(VectorCode c, Value x) {
        Value clamped = clamp(c, x, c.constant(-104), c.constant(89));
        Value shifted = c.fma(clamped, c.constant(LOG2_E), c.constant(ROUND));
        Value n = c.sub(shifted, c.constant(ROUND));
        Value r = c.fma(n, c.constant(-LN2_LOW), c.fma(n, c.constant(-LN2_HIGH), clamped));
        Value p = polynomial(c, r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f);
        p = c.add(c.fma(p, c.mul(r, r), r), c.constant(1));
        Value whole = c.ints.sub(shifted, c.constant(ROUND));
        Value half = c.ints.shiftRight(whole, 1);
        return c.mul(c.mul(p, powerOfTwo(c, half)), powerOfTwo(c, c.ints.sub(whole, half)));
    }

    private static Value powerOfTwo(VectorCode c, Value n) { return c.ints.shiftLeft(c.ints.add(n, c.bits(127)), 23); }

    /** See {@link Vec#power}. */
    public static Value power(VectorCode c, Value x, Value factor) {
        Value shifted = c.fma(x, factor, c.constant(ROUND));
        Value r = c.fma(x, factor, c.sub(c.constant(ROUND), shifted));
        Value p = polynomial(c, r, 0.0013264727f, 0.009671513f, 0.055507336f, 0.24022242f, 0.693147f, 1);
        return c.ints.add(p, c.ints.shiftLeft(shifted, 23));
    }

    /** See {@link Vec#clamp}. */
    public static Value clamp(VectorCode c, Value x, Value low, Value high) { return c.min(high, c.max(low, x)); }

    private static Value logisticDivisor(VectorCode c, Value x) {
        return c.add(power(c, clamp(c, x, c.constant(-87), c.constant(87)), c.constant(-LOG2_E)), c.constant(1));
    }

    /** See {@link Vec#sigmoid}. */
    public static Value sigmoid(VectorCode c, Value x) { return c.div(c.constant(1), logisticDivisor(c, x)); }

    /** See {@link Vec#silu}. */
    public static Value silu(VectorCode c, Value x) { return c.div(x, logisticDivisor(c, x)); }

    /** See {@link Vec#tanh}. */
    public static Value tanh(VectorCode c, Value x) {
        Value far = c.sub(c.mul(sigmoid(c, c.add(x, x)), c.constant(2)), c.constant(1));
        Value s = c.mul(x, x);
        Value p = polynomial(c, s, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f);
        return c.less(s, c.constant(0.390625f), c.fma(c.mul(p, s), x, x), far);
    }

    /** See {@link Vec#log}. */
    public static Value log(VectorCode c, Value x) {
        Value least = c.constant(0x1p-126f);
        Value bits = c.less(x, least, c.mul(x, c.constant(0x1p23f)), x);
        bits = c.ints.add(bits, c.bits(Float.floatToRawIntBits(1f) - Float.floatToRawIntBits(ROOT_HALF)));
        Value n = c.ints.add(c.ints.shiftRight(bits, 23), c.bits(Float.floatToRawIntBits(ROUND) - 127));
        n = c.sub(n, c.less(x, least, c.constant(ROUND + 23), c.constant(ROUND)));
        Value f = c.sub(c.ints.add(c.and(bits, c.bits(0x7fffff)), c.bits(Float.floatToRawIntBits(ROOT_HALF))), c.constant(1));
        Value s = c.div(f, c.add(f, c.constant(2))), z = c.mul(s, s);
        Value half = c.mul(c.mul(f, f), c.constant(0.5f));
        Value p = polynomial(c, z, 0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f);
        Value rest = c.sub(c.fma(s, c.fma(p, z, half), c.mul(n, c.constant(LN2_LOW))), half);
        return logEdges(c, x, c.fma(n, c.constant(LN2_HIGH), c.add(f, rest)));
    }

    private static Value logEdges(VectorCode c, Value x, Value y) {
        Value large = c.less(x, c.constant(Float.POSITIVE_INFINITY), y, x); // infinity and NaN stay
        Value positive = c.less(c.constant(0), x, large, c.constant(Float.NEGATIVE_INFINITY));
        Value valid = c.less(x, c.constant(0), c.constant(Float.NaN), positive);
        return c.less(c.constant(Float.NEGATIVE_INFINITY), x, valid, c.constant(Float.NaN)); // NaN and minus infinity
    }

    /** See {@link Vec#geluTanh}. */
    public static Value geluTanh(VectorCode c, Value x) {
        Value logit = c.mul(c.fma(c.mul(x, x), c.constant(0.071354816f), c.constant(1.5957691f)), x);
        return c.div(x, logisticDivisor(c, logit));
    }

    /** See {@link Vec#gelu}. */
    public static Value gelu(VectorCode c, Value x) {
        Value half = c.mul(x, c.constant(0.5f));
        return c.fma(half, erf(c, c.mul(x, c.constant(0.70710678f))), half);
    }

    /** See {@link Vec#erf}. */
    public static Value erf(VectorCode c, Value x) {
        Value limited = clamp(c, x, c.constant(-4), c.constant(4));
        Value s = c.mul(limited, limited);
        Value p = polynomial(c, s, -2.72614225801306e-10f, 2.77068142495902e-08f, -2.10102402082508e-06f, -5.69250639462346e-05f,
                -7.34990630326855e-04f, -2.95459980854025e-03f, -1.60960333262415e-02f);
        Value q = polynomial(c, s, -1.45660718464996e-05f, -2.13374055278905e-04f, -1.68282697438203e-03f, -7.37332916720468e-03f,
                -1.42647390514189e-02f);
        return c.div(c.mul(limited, p), q);
    }
}
