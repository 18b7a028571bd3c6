package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link ScoreRows} on the Vector API. */
record ScoreRowsVector() implements ScoreRows {
    @Override public void greatest(float[] scores, int rows, int panels, long to) {
        for (int r = 0; r < rows; r++) Vec.set(to + 4L * r, max(scores, r, panels));
    }

    @Override public void powers(float[] scores, int rows, int panels, long max, double scale, float[] weights, long sums) {
        for (int r = 0; r < rows; r++) {
            float sum = powers(scores, r, panels, Vec.get(max + 4L * r), scale, weights);
            Vec.set(sums + 4L * r, Vec.get(sums + 4L * r) + sum);
        }
    }

    @Override public void scale(float[] y, int rows, int panels, long factors) {
        for (int r = 0; r < rows; r++) scale(y, r, panels, Vec.get(factors + 4L * r));
    }

    /** The maximum by comparisons, since {@link FloatVector#max} orders zeros and NaNs, which takes five instructions more. */
    private static float max(float[] scores, int row, int panels) {
        FloatVector a = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY), b = a;
        for (int p = 0, i = row * WIDTH; p < panels; p++, i += SUMS) {
            FloatVector x = FloatVector.fromArray(F, scores, i), y = FloatVector.fromArray(F, scores, i + LANES);
            a = a.blend(x, x.compare(VectorOperators.GT, a));
            b = b.blend(y, y.compare(VectorOperators.GT, b));
        }
        return a.blend(b, b.compare(VectorOperators.GT, a)).reduceLanes(VectorOperators.MAX);
    }

    /** The weights of one row; returns their sum. */
    static float powers(float[] scores, int row, int panels, float max, double scale, float[] weights) {
        long side = Tail.place(0);
        for (int p = 0; p < SIDE; p += LANES) Vec.store(powers(scores, row, p / LANES, 2 * panels, max, scale, weights), side + 4L * p);
        return Vec.sumSide(side);
    }

    /**
     * The weights of every {@link Vec#SIDE}th vector of one row from {@code first} on, and their sums by element.
     *
     * <p>This is {@link Vec#power}, inlined by hand: with a call here, a few runs in twenty on a busy machine were a quarter to a half slower to
     * their end, depending on what the compiler had inlined.
     */
    private static FloatVector powers(float[] scores, int row, int first, int vectors, float max, double scale, float[] weights) {
        float factorOfTwo = ScoreRows.factorOfTwo(scale); // 2^x is cheaper than e^x
        FloatVector most = FloatVector.broadcast(F, max), factor = FloatVector.broadcast(F, factorOfTwo);
        FloatVector least = FloatVector.broadcast(F, -125 / factorOfTwo);
        FloatVector round = FloatVector.broadcast(F, 0x1.8p23f);
        FloatVector sum = FloatVector.zero(F);
        for (int i = first, to = row * STRIDE + first * LANES; i < vectors; i += SIDE / LANES, to += SIDE) {
            FloatVector d = FloatVector.fromArray(F, scores, PackedHeads.vector(row, i)).sub(most);
            d = d.blend(least, d.compare(VectorOperators.LT, least));
            FloatVector shifted = d.fma(factor, round);
            FloatVector r = d.fma(factor, round.sub(shifted));
            FloatVector p = FloatVector.broadcast(F, 0.0013264727f);
            p = p.fma(r, FloatVector.broadcast(F, 0.009671513f));
            p = p.fma(r, FloatVector.broadcast(F, 0.055507336f));
            p = p.fma(r, FloatVector.broadcast(F, 0.24022242f));
            p = p.fma(r, FloatVector.broadcast(F, 0.693147f));
            p = p.fma(r, FloatVector.broadcast(F, 1f));
            p = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats();
            p.intoArray(weights, to);
            sum = sum.add(p);
        }
        return sum;
    }

    private static void scale(float[] sums, int row, int panels, float factor) {
        for (int p = 0, i = row * WIDTH; p < panels; p++, i += SUMS) {
            FloatVector.fromArray(F, sums, i).mul(factor).intoArray(sums, i);
            FloatVector.fromArray(F, sums, i + LANES).mul(factor).intoArray(sums, i + LANES);
        }
    }
}
