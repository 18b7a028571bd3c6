package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Rows of signed bytes, each times a scale of its own. @param scales address of an F32 number for each row */
record ScaledBytes(Matrix bytes, long scales) implements Rows {
    /** There is no vector below 8 bytes: with 4 lanes half of it is not used. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));

    @Override public void pack(int row, int rows, int k, int depth, float[] to) {
        for (int r = 0; r < rows; r++) scaled(bytes.at(row + r, k), depth, Vec.get(scales + 4L * (row + r)), to, r * STRIDE);
    }

    /** Bytes at an address times a scale. */
    static void scaled(long from, int count, float scale, float[] to, int at) {
        int i = 0;
        for (; i <= count - BYTES.length(); i += LANES) {
            ByteVector b = ByteVector.fromMemorySegment(BYTES, MEMORY, from + i & ADDRESS, LE);
            ((FloatVector) b.convertShape(VectorOperators.B2F, F, 0)).mul(scale).intoArray(to, at + i);
        }
        for (; i < count; i++) to[at + i] = MEMORY.get(DType.BYTE, from + i) * scale;
    }
}
