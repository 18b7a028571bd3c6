package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.I;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The rows of a weight of {@link GroupedLinearOp}.
 *
 * @param values address of the bytes @param scales address of the F16 scales @param columns numbers of a row @param halves whether a byte holds two
 */
record GroupedRows(long values, long scales, int columns, boolean halves) implements Rows {
    /** There is no vector below 8 bytes: with 4 lanes it has two parts. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
    private static final int HALF = GROUP / 2, SHIFT = 28;

    private static final ThreadLocal<float[]> WHOLE = ThreadLocal.withInitial(() -> new float[Panels.DEPTH + 2 * GROUP]);

    static GroupedRows of(Tensor weight, Tensor scales) {
        return new GroupedRows(weight.address(), scales.address(), GroupedLinearOp.columns(weight), weight.dtype() == DType.U8);
    }

    /** Bytes of a group. */
    int groupBytes() { return halves ? HALF : GROUP; }

    /** Groups of a row. */
    int groups() { return columns / GROUP; }

    /** Address of a row's bytes. */
    long row(int row) { return values + (long) row * groups() * groupBytes(); }

    /** Address of a row's scales. */
    long rowScales(int row) { return scales + 2L * row * groups(); }

    @Override public void pack(int row, int rows, int k, int depth, float[] to) {
        float[] whole = WHOLE.get();
        int first = k / GROUP, end = Math.ceilDiv(k + depth, GROUP);
        for (int r = 0; r < rows; r++) {
            for (int g = first; g < end; g++) {
                float scale = DType.F16.get(MEMORY, rowScales(row + r) + 2L * g);
                long at = row(row + r) + (long) g * groupBytes();
                if (halves) halves(at, scale, whole, (g - first) * GROUP);
                else bytes(at, scale, whole, (g - first) * GROUP);
            }
            System.arraycopy(whole, k - first * GROUP, to, r * STRIDE, depth);
        }
    }

    private static void halves(long from, float scale, float[] to, int at) {
        for (int i = 0; i < HALF; i += LANES) {
            IntVector both = ints(from, i);
            floats(both.lanewise(LSHL, SHIFT).lanewise(ASHR, SHIFT)).mul(scale).intoArray(to, at + i);
            floats(both.lanewise(ASHR, 4)).mul(scale).intoArray(to, at + HALF + i);
        }
    }

    private static void bytes(long from, float scale, float[] to, int at) {
        for (int i = 0; i < GROUP; i += LANES) floats(ints(from, i)).mul(scale).intoArray(to, at + i);
    }

    /** A vector of signed bytes from the {@code i}th on, a multiple of the lanes, as ints. Nothing is read beyond whole eights. */
    static IntVector ints(long from, int i) {
        int skip = i % BYTES.length();
        ByteVector b = ByteVector.fromMemorySegment(BYTES, MEMORY, from + i - skip & ADDRESS, LE);
        return (IntVector) (skip == 0 ? b.convertShape(B2I, I, 0) : b.convertShape(B2I, I, 1));
    }

    static FloatVector floats(IntVector v) { return (FloatVector) v.convertShape(I2F, F, 0); }
}
