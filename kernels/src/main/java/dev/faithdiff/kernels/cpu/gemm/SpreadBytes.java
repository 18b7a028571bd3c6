package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.I;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.MAX;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Bytes in floats, for processors that do not multiply bytes: the same rounding and the same sums, by products of F32. It saves no time. */
record SpreadBytes() implements ByteFactors {
    private static final int EXACT = 1024; // products of bytes whose sum is exact in a float
    private static final ThreadLocal<float[]> PART = ThreadLocal.withInitial(() -> new float[SUMS]);

    @Override public MicroKernel kernel(boolean weights) { return SpreadBytes::tiles; }

    @Override public int depth(int numbers) { return numbers; }

    @Override public Rows rows(ByteRows bytes, boolean weight) {
        Matrix m = bytes.bytes();
        return (row, rows, k, depth, to) -> {
            for (int r = 0; r < rows; r++) ScaledBytes.scaled(m.at(row + r, k), depth, 1, to, r * STRIDE);
        };
    }

    private static void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        float[] part = PART.get();
        int tile = ROWS * WIDTH, end = Panels.roundUp(rows) * WIDTH;
        for (int k = 0; k < depth; k += EXACT) {
            Panels.multiply(rows, Math.min(EXACT, depth - k), a, at + k, panel + 4L * k * WIDTH, part);
            for (int i = 0; i < end; i += LANES) {
                FloatVector before = k > 0 ? FloatVector.fromArray(F, to, t + i) : FloatVector.fromArray(F, add, f + i / tile * step + i % tile);
                IntVector more = (IntVector) FloatVector.fromArray(F, part, i).convert(F2I, 0);
                before.reinterpretAsInts().add(more).reinterpretAsFloats().intoArray(to, t + i);
            }
        }
    }

    @Override public void round(float[] row, int count, long to, long scale, long offset) {
        IntVector greatest = IntVector.zero(I);
        for (int i = 0; i < count; i += LANES) greatest = greatest.max(FloatVector.fromArray(F, row, i).reinterpretAsInts().and(0x7fffffff));
        float most = Float.intBitsToFloat(greatest.reduceLanes(MAX));
        Vec.set(scale, most < LEAST ? 0 : most / 127);
        Vec.set(offset, 0);
        float factor = most < LEAST ? 0 : 127 / most;
        for (int i = 0; i < count; i++) Vec.MEMORY.set(DType.BYTE, to + i, (byte) Float.floatToRawIntBits(Math.fma(row[i], factor, ROUND)));
    }

    @Override public void scale(float[] sums, int at, int rows, long rowScales, long rowOffsets, long columnScales, long columnOffsets) {
        for (int r = 0; r < rows; r++, at += WIDTH) {
            float scale = Vec.get(rowScales + 4L * r);
            for (int i = 0; i < WIDTH; i += LANES) {
                FloatVector whole = (FloatVector) FloatVector.fromArray(F, sums, at + i).reinterpretAsInts().convert(I2F, 0);
                whole.mul(Vec.load(columnScales + 4L * i).mul(scale)).intoArray(sums, at + i);
            }
        }
    }
}
