package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearOp;
import java.util.List;

/** A linear layer and its bias on rows of F8_E4M3. */
public final class CudnnLinearF8 extends F8PlanKernel<LinearOp> {
    @Override public Class<LinearOp> op() { return LinearOp.class; }

    @Override String excludes(LinearOp op, Tensor[] in) { return excludes(in) == null ? otherType(in, 2) : excludes(in); }

    @Override List<GraphPattern> patterns(LinearOp op, Tensor[] in) { return List.of(product(in, in[1].size(0), in.length > 2, Then.NOTHING)); }

    @Override void compute(LinearOp op, Tensor rounded, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, product(in, in[1].size(0), in.length > 2, Then.NOTHING), rounded, kept(in[1]), 0,
                in.length > 2 ? in[2] : null, null, out);
    }
}
