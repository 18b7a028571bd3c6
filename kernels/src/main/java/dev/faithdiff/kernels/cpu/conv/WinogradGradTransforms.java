package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A2;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A3;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B2;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B3;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_0;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_A;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_B;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/**
 * The transposes of two transforms of {@link WinogradTransforms}, for the gradient of the weight: that of the output's transform takes a tile of the
 * gradient to all positions, and that of the weight's transform takes sums of products to nine taps.
 */
final class WinogradGradTransforms {
    private WinogradGradTransforms() {}

    /** Transforms one vector of a gradient's 4x4 tile to all positions, {@code step} bytes apart. */
    static void gradient(long pixels, long channel, float[] patch, long to, long step) {
        for (int x = 0; x < OUTPUTS; x++) gradientColumn(pixels, x, channel, patch);
        for (int y = 0; y < INPUTS; y++) gradientRow(patch, y * OUTPUTS * LANES, to + y * INPUTS * step, step);
    }

    private static void gradientColumn(long pixels, int x, long channel, float[] patch) {
        FloatVector g0 = load(Vec.number(pixels, x) + channel), g1 = load(Vec.number(pixels, x + 4) + channel);
        FloatVector g2 = load(Vec.number(pixels, x + 8) + channel), g3 = load(Vec.number(pixels, x + 12) + channel);
        FloatVector evenA = g2.fma(FloatVector.broadcast(F, A2), g0), oddA = g3.fma(FloatVector.broadcast(F, A3), g1.mul(A));
        FloatVector evenB = g2.fma(FloatVector.broadcast(F, B2), g0), oddB = g3.fma(FloatVector.broadcast(F, B3), g1.mul(B));
        int at = x * LANES, row = OUTPUTS * LANES;
        g0.intoArray(patch, at);
        evenA.add(oddA).intoArray(patch, at + row);
        evenA.sub(oddA).intoArray(patch, at + 2 * row);
        evenB.add(oddB).intoArray(patch, at + 3 * row);
        evenB.sub(oddB).intoArray(patch, at + 4 * row);
        g3.intoArray(patch, at + 5 * row);
    }

    private static void gradientRow(float[] patch, int at, long to, long step) {
        FloatVector g0 = FloatVector.fromArray(F, patch, at), g1 = FloatVector.fromArray(F, patch, at + LANES);
        FloatVector g2 = FloatVector.fromArray(F, patch, at + 2 * LANES), g3 = FloatVector.fromArray(F, patch, at + 3 * LANES);
        FloatVector evenA = g2.fma(FloatVector.broadcast(F, A2), g0), oddA = g3.fma(FloatVector.broadcast(F, A3), g1.mul(A));
        FloatVector evenB = g2.fma(FloatVector.broadcast(F, B2), g0), oddB = g3.fma(FloatVector.broadcast(F, B3), g1.mul(B));
        g0.intoMemorySegment(MEMORY, to & ADDRESS, LE);
        evenA.add(oddA).intoMemorySegment(MEMORY, to + step & ADDRESS, LE);
        evenA.sub(oddA).intoMemorySegment(MEMORY, to + 2 * step & ADDRESS, LE);
        evenB.add(oddB).intoMemorySegment(MEMORY, to + 3 * step & ADDRESS, LE);
        evenB.sub(oddB).intoMemorySegment(MEMORY, to + 4 * step & ADDRESS, LE);
        g3.intoMemorySegment(MEMORY, to + 5 * step & ADDRESS, LE);
    }

    /** Transforms one vector of the sums at all positions, {@code step} bytes apart, to nine taps, {@code tap} bytes apart. */
    static void weight(long from, long step, float[] patch, long to, long tap) {
        for (int x = 0; x < INPUTS; x++) weightColumn(from + x * step, INPUTS * step, patch, x * LANES);
        for (int y = 0; y < 3; y++) weightRow(patch, y * INPUTS * LANES, to + 3 * y * tap, tap);
    }

    private static void weightColumn(long from, long step, float[] patch, int at) {
        FloatVector m1 = load(from + step);
        FloatVector m2 = load(from + 2 * step);
        FloatVector m3 = load(from + 3 * step);
        FloatVector m4 = load(from + 4 * step);
        FloatVector evenA = m1.add(m2).mul(WEIGHT_A), oddA = m1.sub(m2).mul(A * WEIGHT_A);
        FloatVector evenB = m3.add(m4).mul(WEIGHT_B), oddB = m3.sub(m4).mul(B * WEIGHT_B);
        int row = INPUTS * LANES;
        load(from).fma(FloatVector.broadcast(F, WEIGHT_0), evenA.add(evenB)).intoArray(patch, at);
        oddA.add(oddB).intoArray(patch, at + row);
        FloatVector high = evenB.fma(FloatVector.broadcast(F, B2), load(from + 5 * step));
        evenA.fma(FloatVector.broadcast(F, A2), high).intoArray(patch, at + 2 * row);
    }

    private static void weightRow(float[] patch, int at, long to, long tap) {
        FloatVector m1 = FloatVector.fromArray(F, patch, at + LANES), m2 = FloatVector.fromArray(F, patch, at + 2 * LANES);
        FloatVector m3 = FloatVector.fromArray(F, patch, at + 3 * LANES), m4 = FloatVector.fromArray(F, patch, at + 4 * LANES);
        FloatVector evenA = m1.add(m2).mul(WEIGHT_A), oddA = m1.sub(m2).mul(A * WEIGHT_A);
        FloatVector evenB = m3.add(m4).mul(WEIGHT_B), oddB = m3.sub(m4).mul(B * WEIGHT_B);
        FloatVector.fromArray(F, patch, at).fma(FloatVector.broadcast(F, WEIGHT_0), evenA.add(evenB)).intoMemorySegment(MEMORY, to & ADDRESS, LE);
        oddA.add(oddB).intoMemorySegment(MEMORY, to + tap & ADDRESS, LE);
        FloatVector high = evenB.fma(FloatVector.broadcast(F, B2), FloatVector.fromArray(F, patch, at + 5 * LANES));
        evenA.fma(FloatVector.broadcast(F, A2), high).intoMemorySegment(MEMORY, to + 2 * tap & ADDRESS, LE);
    }
}
