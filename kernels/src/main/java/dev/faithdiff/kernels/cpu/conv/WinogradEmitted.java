package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A2;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.A3;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.AB;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B2;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.B3;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.SUM;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_0;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_A;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.WEIGHT_B;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import java.util.function.IntFunction;

/** The transforms as machine code, to the bits of {@link WinogradVector}. */
record WinogradEmitted() implements WinogradLoops {
    private static final int BYTES = 4 * Vec.LANES;
    private static final float[] NONE = {};
    /** Written when first called. */
    private static final class Code {
        private static final Routine INPUT = input(VecCode.start(), false), WEIGHT = weight(VecCode.start()), OUTPUT = output(VecCode.start());
    }

    /** Written when first called, by processors that have it. */
    private static final class Bf16Code {
        private static final Routine INPUT = input(VecCode.start(), true);
    }

    @Override public void input(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places) {
        Code.INPUT.call(to, NONE, pixels, tiles, channel, vectors, places, 4L * at);
    }

    @Override public void inputBf16(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places) {
        Bf16Code.INPUT.call(to, NONE, pixels, tiles, channel, vectors, places, 4L * at);
    }

    @Override public void weight(long taps, int vectors, long to, long step) { Code.WEIGHT.call(taps, vectors, to, step, 0); }

    @Override public void output(float[] from, int step, int tiles, float[] bias, long channel, int vectors, long pixels) {
        Code.OUTPUT.call(from, bias, 4L * step, tiles, channel, vectors, pixels, 0);
    }

    /** Writes a result, number 0 to 5 of a column or row. */
    private interface Put {
        void put(int number, Value v);
    }

    private static Routine input(VectorCode c, boolean rounded) {
        Gpr to = c.argument(0), pixels = c.argument(2), tiles = c.argument(3), channel = c.argument(4), vectors = c.argument(5);
        Gpr places = c.argument(6), offset = c.argument(7), patch = c.memory(POSITIONS * BYTES);
        c.advance(to, offset);
        c.useUp(tiles, () -> {
            Gpr at = c.copy(channel), into = c.copy(to);
            c.repeat(vectors, () -> {
                for (int x = 0; x < INPUTS; x++) {
                    int column = x;
                    inputs(c, y -> c.loadThrough(pixels, 8 * (y * INPUTS + column), at), (y, v) -> c.store(v, patch, (y * INPUTS + column) * BYTES));
                }
                for (int y = 0; y < INPUTS; y++) {
                    int row = y * INPUTS;
                    inputs(c, x -> c.load(patch, (row + x) * BYTES), (x, v) -> {
                        if (rounded) c.storeBf16Through(v, places, 8 * (row + x), into);
                        else c.storeThrough(v, places, 8 * (row + x), into);
                    });
                }
                c.advance(at, BYTES);
                c.advance(into, rounded ? BYTES / 2 : BYTES);
            });
            c.release(at);
            c.release(into);
            c.advance(pixels, 8 * POSITIONS);
            c.advance(to, 4 * Panels.STRIDE);
        });
        return c.routine(rounded ? "winograd_input_bf16" : "winograd_input");
    }

    /** Six numbers of an input to six positions. */
    private static void inputs(VectorCode c, IntFunction<Value> d, Put to) {
        Value d0 = d.apply(0), d2 = d.apply(2), d4 = d.apply(4);
        to.put(0, c.fma(d2, c.constant(-SUM), c.fma(d0, c.constant(AB), d4)));
        Value evenA = c.fma(d2, c.constant(-B2), d4), evenB = c.fma(d2, c.constant(-A2), d4);
        Value d1 = d.apply(1), d3 = d.apply(3);
        Value oddA = c.mul(c.fma(d1, c.constant(-B2), d3), c.constant(A)), oddB = c.mul(c.fma(d1, c.constant(-A2), d3), c.constant(B));
        to.put(1, c.add(evenA, oddA));
        to.put(2, c.sub(evenA, oddA));
        to.put(3, c.add(evenB, oddB));
        to.put(4, c.sub(evenB, oddB));
        to.put(5, c.fma(d3, c.constant(-SUM), c.fma(d1, c.constant(AB), d.apply(5))));
    }

    private static Routine weight(VectorCode c) {
        Gpr taps = c.argument(0), vectors = c.argument(1), to = c.argument(2), step = c.argument(3), patch = c.memory(3 * INPUTS * BYTES);
        Gpr line = c.copy(step);
        c.multiply(line, 3);
        c.useUp(vectors, () -> {
            Gpr from = c.copy(taps);
            for (int x = 0; x < 3; x++) {
                int column = x;
                Gpr tap = c.copy(from);
                Value[] g = new Value[3];
                for (int y = 0; y < 3; y++) {
                    g[y] = c.load(tap, 0);
                    c.advance(tap, line);
                }
                c.release(tap);
                weights(c, g, (y, v) -> c.store(v, patch, (y * 3 + column) * BYTES));
                c.advance(from, step);
            }
            c.release(from);
            Gpr into = c.copy(to);
            for (int y = 0; y < INPUTS; y++) {
                Value[] g = new Value[3];
                for (int x = 0; x < 3; x++) g[x] = c.load(patch, (y * 3 + x) * BYTES);
                weights(c, g, (_, v) -> {
                    c.store(v, into, 0);
                    c.advance(into, step);
                });
            }
            c.release(into);
            c.advance(taps, BYTES);
            c.advance(to, BYTES);
        });
        return c.routine("winograd_weight");
    }

    /** Three weights to six positions, written in order. */
    private static void weights(VectorCode c, Value[] g, Put to) {
        Value evenA = c.mul(c.fma(g[2], c.constant(A2), g[0]), c.constant(WEIGHT_A)), oddA = c.mul(g[1], c.constant(A * WEIGHT_A));
        Value evenB = c.mul(c.fma(g[2], c.constant(B2), g[0]), c.constant(WEIGHT_B)), oddB = c.mul(g[1], c.constant(B * WEIGHT_B));
        to.put(0, c.mul(g[0], c.constant(WEIGHT_0)));
        to.put(1, c.add(evenA, oddA));
        to.put(2, c.sub(evenA, oddA));
        to.put(3, c.add(evenB, oddB));
        to.put(4, c.sub(evenB, oddB));
        to.put(5, g[2]);
    }

    private static Routine output(VectorCode c) {
        Gpr from = c.argument(0), bias = c.argument(1), step = c.argument(2), tiles = c.argument(3), channel = c.argument(4), vectors = c.argument(5);
        Gpr pixels = c.argument(6), patch = c.memory(OUTPUTS * INPUTS * BYTES), line = c.argument(7);
        c.set(line, step);
        c.multiply(line, INPUTS);
        c.useUp(tiles, () -> {
            Gpr at = c.copy(channel), first = c.copy(from);
            c.repeat(vectors, () -> {
                Gpr column = c.copy(first);
                for (int x = 0; x < INPUTS; x++) {
                    int to = x;
                    Gpr position = c.copy(column);
                    Value[] m = new Value[INPUTS];
                    for (int y = 0; y < INPUTS; y++) {
                        m[y] = c.load(position, 0);
                        c.advance(position, line);
                    }
                    c.release(position);
                    outputs(c, m, (y, v) -> c.store(v, patch, (y * INPUTS + to) * BYTES));
                    c.advance(column, step);
                }
                c.release(column);
                Value b = c.load(bias, at);
                for (int y = 0; y < OUTPUTS; y++) {
                    int row = y;
                    Value[] m = new Value[INPUTS];
                    for (int x = 0; x < INPUTS; x++) m[x] = c.load(patch, (y * INPUTS + x) * BYTES);
                    outputs(c, m, (x, v) -> c.storeThrough(c.add(v, b), pixels, 8 * (row * OUTPUTS + x), at));
                }
                c.advance(at, BYTES);
                c.advance(first, BYTES);
            });
            c.release(at);
            c.release(first);
            c.advance(pixels, 8 * OUTPUTS * OUTPUTS);
            c.advance(from, 4 * Panels.WIDTH);
        });
        return c.routine("winograd_output");
    }

    /** Six positions to four outputs. */
    private static void outputs(VectorCode c, Value[] m, Put to) {
        Value evenA = c.add(m[1], m[2]), oddA = c.sub(m[1], m[2]), evenB = c.add(m[3], m[4]), oddB = c.sub(m[3], m[4]);
        to.put(0, c.add(c.add(m[0], evenA), evenB));
        to.put(1, c.fma(oddA, c.constant(A), c.mul(oddB, c.constant(B))));
        to.put(2, c.fma(evenA, c.constant(A2), c.mul(evenB, c.constant(B2))));
        to.put(3, c.fma(oddA, c.constant(A3), c.fma(oddB, c.constant(B3), m[5])));
    }
}
