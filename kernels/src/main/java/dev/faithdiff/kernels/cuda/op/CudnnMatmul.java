package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.MatmulOp;
import java.util.List;

/** Batched matrix products. */
public final class CudnnMatmul extends PlanKernel<MatmulOp> {
    @Override public Class<MatmulOp> op() { return MatmulOp.class; }

    @Override String excludes(MatmulOp op, Tensor[] in) { return null; }

    @Override List<GraphPattern> patterns(MatmulOp op, Tensor[] in) { return List.of(product(op, in)); }

    private static Product product(MatmulOp op, Tensor[] in) {
        int m = op.m(in), k = op.k(in);
        return new Product(in[0].dtype(), Math.toIntExact(in[0].count() / ((long) m * k)), m, op.n(in), k, op.transposeA(), op.transposeB(), false,
                Then.NOTHING);
    }

    @Override public boolean choosesLibrary() { return false; }

    @Override void compute(MatmulOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, product(op, in), in[0], in[1], null, null, out);
    }
}
