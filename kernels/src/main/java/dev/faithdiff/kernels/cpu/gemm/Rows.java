package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.tensor.DType;

/** An operand of a product as rows of K numbers of any source: a matrix of any floating type, or gathered pixels. */
public interface Rows {
    /** Writes columns k..k+depth of rows row..row+rows as floats, the rows {@link Panels#STRIDE} apart. */
    void pack(int row, int rows, int k, int depth, float[] to);

    /** The matrix whose rows are in memory what {@link #pack} makes of them, counted in values of 32 bits; null if there is none. */
    default Matrix unpacked() { return null; }

    static Rows of(Matrix m) { return new OfMatrix(m); }

    /** Those of a matrix. */
    record OfMatrix(Matrix m) implements Rows {
        @Override public void pack(int row, int rows, int k, int depth, float[] to) { PanelLoops.FASTEST.widen(m, row, rows, k, depth, to); }

        @Override public Matrix unpacked() { return m.dtype() == DType.F32 ? m : null; }
    }
}
