package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.Vec.load;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;

/**
 * The three transforms of Winograd's F(4x4, 3x3), one vector of channels at a time. The six numbers along each axis are a polynomial's values at
 * 0, +-A, +-B and infinity, where a convolution is a product.
 *
 * <p>One axis is done after the other, the first into a small array. Of the points tried, A = 5/8 and B = 3/2 have the smallest error: the largest
 * error of a convolution is 2 times that of a direct sum, against 6 times with the usual 1 and 2. All constants but the weight's are exact. They are
 * broadcast by the API's own methods, since the compiler does not always inline a helper, and then allocates an object for its vector.
 */
final class WinogradTransforms {
    /** Outputs along an axis of a tile. */
    static final int OUTPUTS = 4;
    /** Inputs along an axis of a tile, and positions along it after the transform. */
    static final int INPUTS = 6;
    /** Positions (values) of a transformed tile. */
    static final int POSITIONS = INPUTS * INPUTS;

    static final float A = 0.625f, B = 1.5f, A2 = A * A, B2 = B * B, A3 = A * A2, B3 = B * B2;
    static final float AB = A2 * B2, SUM = A2 + B2;
    static final float WEIGHT_0 = (float) (1.0 / AB);
    static final float WEIGHT_A = (float) (0.5 / A2 / (A2 - B2)), WEIGHT_B = (float) (0.5 / B2 / (B2 - A2));

    private WinogradTransforms() {}

    /**
     * Transforms one vector of an input tile.
     *
     * @param pixels address of the addresses of the tile's pixels, row by row
     * @param channel byte offset of the vector in a pixel
     * @param patch a buffer for all positions
     * @param places address of the byte offset of each position in {@code to}, to which index {@code at} is added
     */
    static void input(long pixels, long channel, float[] patch, float[] to, long places, int at) {
        for (int x = 0; x < INPUTS; x++) inputColumn(pixels, x, channel, patch);
        for (int y = 0; y < INPUTS; y++) inputRow(patch, y * INPUTS, to, places, at);
    }

    private static void inputColumn(long pixels, int x, long channel, float[] patch) {
        FloatVector d0 = load(Vec.number(pixels, x) + channel);
        FloatVector d1 = load(Vec.number(pixels, x + 6) + channel);
        FloatVector d2 = load(Vec.number(pixels, x + 12) + channel);
        FloatVector d3 = load(Vec.number(pixels, x + 18) + channel);
        FloatVector d4 = load(Vec.number(pixels, x + 24) + channel);
        FloatVector d5 = load(Vec.number(pixels, x + 30) + channel);
        FloatVector evenA = d2.fma(FloatVector.broadcast(F, -B2), d4);
        FloatVector oddA = d1.fma(FloatVector.broadcast(F, -B2), d3).mul(A);
        FloatVector evenB = d2.fma(FloatVector.broadcast(F, -A2), d4);
        FloatVector oddB = d1.fma(FloatVector.broadcast(F, -A2), d3).mul(B);
        int at = x * LANES, row = INPUTS * LANES;
        d2.fma(FloatVector.broadcast(F, -SUM), d0.fma(FloatVector.broadcast(F, AB), d4)).intoArray(patch, at);
        evenA.add(oddA).intoArray(patch, at + row);
        evenA.sub(oddA).intoArray(patch, at + 2 * row);
        evenB.add(oddB).intoArray(patch, at + 3 * row);
        evenB.sub(oddB).intoArray(patch, at + 4 * row);
        d3.fma(FloatVector.broadcast(F, -SUM), d1.fma(FloatVector.broadcast(F, AB), d5)).intoArray(patch, at + 5 * row);
    }

    private static void inputRow(float[] patch, int position, float[] to, long places, int at) {
        int from = position * LANES;
        FloatVector d0 = FloatVector.fromArray(F, patch, from), d1 = FloatVector.fromArray(F, patch, from + LANES);
        FloatVector d2 = FloatVector.fromArray(F, patch, from + 2 * LANES), d3 = FloatVector.fromArray(F, patch, from + 3 * LANES);
        FloatVector d4 = FloatVector.fromArray(F, patch, from + 4 * LANES), d5 = FloatVector.fromArray(F, patch, from + 5 * LANES);
        FloatVector evenA = d2.fma(FloatVector.broadcast(F, -B2), d4);
        FloatVector oddA = d1.fma(FloatVector.broadcast(F, -B2), d3).mul(A);
        FloatVector evenB = d2.fma(FloatVector.broadcast(F, -A2), d4);
        FloatVector oddB = d1.fma(FloatVector.broadcast(F, -A2), d3).mul(B);
        d2.fma(FloatVector.broadcast(F, -SUM), d0.fma(FloatVector.broadcast(F, AB), d4)).intoArray(to, place(places, position, at));
        evenA.add(oddA).intoArray(to, place(places, position + 1, at));
        evenA.sub(oddA).intoArray(to, place(places, position + 2, at));
        evenB.add(oddB).intoArray(to, place(places, position + 3, at));
        evenB.sub(oddB).intoArray(to, place(places, position + 4, at));
        d3.fma(FloatVector.broadcast(F, -SUM), d1.fma(FloatVector.broadcast(F, AB), d5)).intoArray(to, place(places, position + 5, at));
    }

    private static int place(long places, int position, int at) { return (int) (Vec.number(places, position) / 4) + at; }

    /** Transforms one vector of weights: nine taps at an address, {@code tap} bytes apart, to all positions, {@code step} bytes apart. */
    static void weight(long from, long tap, float[] patch, long to, long step) {
        for (int x = 0; x < 3; x++) weightColumn(from + x * tap, 3 * tap, patch, x * LANES);
        for (int y = 0; y < INPUTS; y++) weightRow(patch, y * 3 * LANES, to + y * INPUTS * step, step);
    }

    private static void weightColumn(long from, long step, float[] patch, int at) {
        FloatVector g0 = load(from), g1 = load(from + step), g2 = load(from + 2 * step);
        FloatVector evenA = g2.fma(FloatVector.broadcast(F, A2), g0).mul(WEIGHT_A);
        FloatVector oddA = g1.mul(A * WEIGHT_A);
        FloatVector evenB = g2.fma(FloatVector.broadcast(F, B2), g0).mul(WEIGHT_B);
        FloatVector oddB = g1.mul(B * WEIGHT_B);
        int row = 3 * LANES;
        g0.mul(WEIGHT_0).intoArray(patch, at);
        evenA.add(oddA).intoArray(patch, at + row);
        evenA.sub(oddA).intoArray(patch, at + 2 * row);
        evenB.add(oddB).intoArray(patch, at + 3 * row);
        evenB.sub(oddB).intoArray(patch, at + 4 * row);
        g2.intoArray(patch, at + 5 * row);
    }

    private static void weightRow(float[] patch, int at, long to, long step) {
        FloatVector g0 = FloatVector.fromArray(F, patch, at), g1 = FloatVector.fromArray(F, patch, at + LANES);
        FloatVector g2 = FloatVector.fromArray(F, patch, at + 2 * LANES);
        FloatVector evenA = g2.fma(FloatVector.broadcast(F, A2), g0).mul(WEIGHT_A);
        FloatVector oddA = g1.mul(A * WEIGHT_A);
        FloatVector evenB = g2.fma(FloatVector.broadcast(F, B2), g0).mul(WEIGHT_B);
        FloatVector oddB = g1.mul(B * WEIGHT_B);
        g0.mul(WEIGHT_0).intoMemorySegment(MEMORY, to & ADDRESS, LE);
        evenA.add(oddA).intoMemorySegment(MEMORY, to + step & ADDRESS, LE);
        evenA.sub(oddA).intoMemorySegment(MEMORY, to + 2 * step & ADDRESS, LE);
        evenB.add(oddB).intoMemorySegment(MEMORY, to + 3 * step & ADDRESS, LE);
        evenB.sub(oddB).intoMemorySegment(MEMORY, to + 4 * step & ADDRESS, LE);
        g2.intoMemorySegment(MEMORY, to + 5 * step & ADDRESS, LE);
    }

    /**
     * Transforms products to one vector of an output tile.
     *
     * @param from products, the positions {@code step} floats apart
     * @param bias of all channels; this vector's begins at {@code biasAt}
     * @param pixels address of the addresses of the tile's pixels, row by row
     * @param channel byte offset of the vector in a pixel
     */
    static void output(float[] from, int at, int step, float[] patch, float[] bias, int biasAt, long pixels, long channel) {
        for (int x = 0; x < INPUTS; x++) outputColumn(from, at + x * step, INPUTS * step, patch, x * LANES);
        for (int y = 0; y < OUTPUTS; y++) outputRow(patch, y * INPUTS * LANES, bias, biasAt, pixels, y * OUTPUTS, channel);
    }

    private static void outputColumn(float[] from, int at, int step, float[] patch, int to) {
        FloatVector m1 = FloatVector.fromArray(F, from, at + step), m2 = FloatVector.fromArray(F, from, at + 2 * step);
        FloatVector m3 = FloatVector.fromArray(F, from, at + 3 * step), m4 = FloatVector.fromArray(F, from, at + 4 * step);
        FloatVector evenA = m1.add(m2), oddA = m1.sub(m2), evenB = m3.add(m4), oddB = m3.sub(m4);
        int row = INPUTS * LANES;
        FloatVector.fromArray(F, from, at).add(evenA).add(evenB).intoArray(patch, to);
        oddA.fma(FloatVector.broadcast(F, A), oddB.mul(B)).intoArray(patch, to + row);
        evenA.fma(FloatVector.broadcast(F, A2), evenB.mul(B2)).intoArray(patch, to + 2 * row);
        FloatVector odd = oddB.fma(FloatVector.broadcast(F, B3), FloatVector.fromArray(F, from, at + 5 * step));
        oddA.fma(FloatVector.broadcast(F, A3), odd).intoArray(patch, to + 3 * row);
    }

    private static long place(long pixels, int pixel, long channel) { return Vec.number(pixels, pixel) + channel & ADDRESS; }

    private static void outputRow(float[] patch, int at, float[] bias, int biasAt, long pixels, int pixel, long channel) {
        FloatVector m1 = FloatVector.fromArray(F, patch, at + LANES), m2 = FloatVector.fromArray(F, patch, at + 2 * LANES);
        FloatVector m3 = FloatVector.fromArray(F, patch, at + 3 * LANES), m4 = FloatVector.fromArray(F, patch, at + 4 * LANES);
        FloatVector evenA = m1.add(m2), oddA = m1.sub(m2), evenB = m3.add(m4), oddB = m3.sub(m4);
        FloatVector b = FloatVector.fromArray(F, bias, biasAt);
        FloatVector.fromArray(F, patch, at).add(evenA).add(evenB).add(b).intoMemorySegment(MEMORY, place(pixels, pixel, channel), LE);
        oddA.fma(FloatVector.broadcast(F, A), oddB.mul(B)).add(b).intoMemorySegment(MEMORY, place(pixels, pixel + 1, channel), LE);
        evenA.fma(FloatVector.broadcast(F, A2), evenB.mul(B2)).add(b).intoMemorySegment(MEMORY, place(pixels, pixel + 2, channel), LE);
        FloatVector odd = oddB.fma(FloatVector.broadcast(F, B3), FloatVector.fromArray(F, patch, at + 5 * LANES));
        oddA.fma(FloatVector.broadcast(F, A3), odd).add(b).intoMemorySegment(MEMORY, place(pixels, pixel + 3, channel), LE);
    }
}
