package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.ToFloat;

/** An operand of a product as rows of K numbers of any source: a matrix of any floating type, or gathered pixels. */
public interface Rows {
    /** Writes columns k..k+depth of rows row..row+rows as floats, the rows {@link Panels#STRIDE} apart. */
    void pack(int row, int rows, int k, int depth, float[] to);

    static Rows of(Matrix m) {
        return (row, rows, k, depth, to) -> {
            for (int r = 0; r < rows; r++) ToFloat.row(m.dtype(), m.at(row + r, k), depth, to, r * STRIDE);
        };
    }
}
