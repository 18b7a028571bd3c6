package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearAddOp;
import java.util.List;

/** A linear layer, its bias and an addend on rows of F8_E4M3. */
public final class CudnnLinearAddF8 extends F8PlanKernel<LinearAddOp> {
    @Override public Class<LinearAddOp> op() { return LinearAddOp.class; }

    @Override String excludes(LinearAddOp op, Tensor[] in) { return excludes(in) == null ? otherType(in, 2) : excludes(in); }

    @Override List<GraphPattern> patterns(LinearAddOp op, Tensor[] in) { return List.of(product(in, in[1].size(0), in.length > 3, Then.ADD)); }

    @Override void compute(LinearAddOp op, Tensor rounded, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, product(in, in[1].size(0), in.length > 3, Then.ADD), rounded, kept(in[1]), 0,
                in.length > 3 ? in[3] : null, in[2], out);
    }
}
