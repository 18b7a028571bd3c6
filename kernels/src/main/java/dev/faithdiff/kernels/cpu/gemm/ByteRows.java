package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import java.util.Arrays;

/**
 * Rows of signed bytes, each times a scale of its own.
 *
 * @param bytes   I8
 * @param scales  address of a float for each row, and zeros up to whole panels
 * @param offsets address of a whole number for each row, and zeros up to whole panels: see {@link ByteFactors#round}
 */
record ByteRows(Workspace memory, Matrix bytes, long scales, long offsets) implements AutoCloseable {
    /** Bytes that are rounded at a time. */
    static final int UNIT = 4 * Vec.LANES;

    private static final ThreadLocal<float[]> ROW = ThreadLocal.withInitial(() -> new float[0]);

    /** A matrix of any floating type, rounded row by row on all threads. @param weight whether it is one: these have no offsets */
    static ByteRows round(ByteFactors f, Matrix wide, boolean weight) {
        int rows = wide.rows(), count = Math.ceilDiv(wide.columns(), UNIT) * UNIT;
        ByteRows to = of(rows, (long) rows * count / 4, null, wide.columns(), count);
        Chunks.rows(rows, count, (first, some) -> {
            float[] row = row(count);
            Arrays.fill(row, wide.columns(), count, 0);
            for (int r = (int) first; r < first + some; r++) {
                ToFloat.row(wide.dtype(), wide.at(r, 0), wide.columns(), row, 0);
                f.round(row, count, to.bytes.at(r, 0), to.scales + 4L * r, to.offsets + 4L * r);
            }
        });
        if (weight) Copy.zero(to.offsets, 4L * rows);
        return to;
    }

    /** A weight that is stored as bytes. @param scales address of a float for each row */
    static ByteRows of(Matrix bytes, long scales) {
        ByteRows to = of(bytes.rows(), 0, bytes, 0, 0);
        Copy.bytes(scales, to.scales, 4L * bytes.rows());
        return to;
    }

    private static ByteRows of(int rows, long floats, Matrix bytes, int columns, int stride) {
        long padded = (long) PackedB.panels(rows) * WIDTH;
        Workspace memory = Workspace.of(floats + 2 * padded);
        Copy.zero(memory.at(floats), 8 * padded);
        Matrix own = bytes != null ? bytes : new Matrix(memory.at(0), DType.I8, rows, columns, stride);
        return new ByteRows(memory, own, memory.at(floats), memory.at(floats + padded));
    }

    private static float[] row(int count) {
        if (ROW.get().length < count) ROW.set(new float[count]);
        return ROW.get();
    }

    @Override public void close() { memory.close(); }
}
