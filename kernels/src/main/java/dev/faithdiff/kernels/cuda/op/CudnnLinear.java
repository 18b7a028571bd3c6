package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearOp;
import java.util.List;

/** A linear layer and its bias in one pass. */
public final class CudnnLinear extends PlanKernel<LinearOp> {
    private static final int LEAST_ROWS = 16;

    @Override public Class<LinearOp> op() { return LinearOp.class; }

    /** Null, or why a product of few rows is left to others: it only reads the weight. */
    static String tooFew(Tensor[] in) { return in[0].count() / in[1].size(-1) < LEAST_ROWS ? "takes at least 16 rows" : null; }

    /** Null, or why a linear layer is left to others; bias and addend follow x and the weight. */
    static String excludes(Tensor[] in) { return tooFew(in) != null ? tooFew(in) : otherType(in, 2); }

    @Override String excludes(LinearOp op, Tensor[] in) { return excludes(in); }

    @Override List<GraphPattern> patterns(LinearOp op, Tensor[] in) { return List.of(product(in, in.length > 2, Then.NOTHING)); }

    /** x [..., k] times the transpose of the weight, which ends in k. */
    static Product product(Tensor[] in, boolean bias, Then then) {
        int k = in[1].size(-1);
        return Product.linear(in[0].dtype(), Math.toIntExact(in[0].count() / k), Math.toIntExact(in[1].count() / k), k, bias, then);
    }

    @Override public boolean choosesLibrary() { return false; }

    @Override void compute(LinearOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, product(in, in.length > 2, Then.NOTHING), in[0], in[1], in.length > 2 ? in[2] : null, null, out);
    }
}
