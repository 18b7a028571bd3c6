package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;

/** As {@link LinearPacked}: numbers of 8 or 4 bits become floats and are scaled while the weight is packed. */
public class GroupedLinearPacked implements ProductKernel<GroupedLinearOp> {
    @Override public Class<GroupedLinearOp> op() { return GroupedLinearOp.class; }

    @Override public String refuses(GroupedLinearOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "computes in F32"; }

    @Override public void run(GroupedLinearOp op, Tensor[] in, Tensor out) {
        GroupedRows weight = GroupedRows.of(in[1], in[2]);
        int n = in[1].size(0), k = weight.columns(), rows = Math.toIntExact(out.count() / n);
        Matrix bias = in.length > 3 ? matrix(in[3], 0, 1, n) : null;
        Gemm.multiply(factors(), Rows.of(matrix(in[0], 0, rows, k)), weight, k, bias, matrix(out, 0, rows, n), false);
    }
}
