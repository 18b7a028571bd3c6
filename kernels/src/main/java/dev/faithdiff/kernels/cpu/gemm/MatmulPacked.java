package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.MatmulOp;
import java.lang.foreign.MemorySegment;

/** A batched matrix product as one packed product for each matrix of the batch; a transposed left operand is read by columns. */
public class MatmulPacked implements ProductKernel<MatmulOp> {
    @Override public Class<MatmulOp> op() { return MatmulOp.class; }

    @Override public String refuses(MatmulOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "computes in F32"; }

    @Override public void run(MatmulOp op, Tensor[] in, Tensor out) {
        int m = op.m(in), k = op.k(in), n = op.n(in);
        for (long i = 0; i < out.count() / ((long) m * n); i++) {
            Matrix b = matrix(in[1], i * k * n, op.transposeB() ? n : k, op.transposeB() ? k : n), c = matrix(out, i * m * n, m, n);
            if (op.transposeA() && !op.transposeB()) columns(matrix(in[0], i * m * k, k, m), b, c);
            else if (op.transposeA()) Gemm.multiply(columns(in[0].segment(), i * m * k, m), b, op.transposeB(), null, c, false);
            else Gemm.multiply(factors(), matrix(in[0], i * m * k, m, k), b, op.transposeB(), null, c, false);
        }
    }

    /** C = A^T B, or C^T = B^T A if that needs less padding. */
    private static void columns(Matrix a, Matrix b, Matrix c) {
        int k = a.rows(), m = a.columns(), n = b.columns();
        if (GemmColumns.cost(k, m, n, false) <= GemmColumns.cost(k, n, m, true)) new GemmColumns(k, Rows.of(a), m, Rows.of(b), n, false, c).run();
        else new GemmColumns(k, Rows.of(b), n, Rows.of(a), m, true, c).run();
    }

    /** The rows of A, which is stored transposed with m numbers in a row, read in the order of memory. */
    private static Rows columns(MemorySegment a, long element, int m) {
        return (row, rows, k, depth, to) -> {
            for (int d = 0; d < depth; d++) {
                long at = (element + (long) (k + d) * m + row) * Float.BYTES;
                for (int r = 0; r < rows; r++) to[r * Panels.STRIDE + d] = a.get(DType.FLOAT, at + (long) r * Float.BYTES);
            }
        };
    }
}
