package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearAddOp;
import java.util.List;

/** A linear layer, its bias and an addend in one pass. */
public final class CudnnLinearAdd extends PlanKernel<LinearAddOp> {
    @Override public Class<LinearAddOp> op() { return LinearAddOp.class; }

    @Override String excludes(LinearAddOp op, Tensor[] in) { return CudnnLinear.excludes(in); }

    @Override List<GraphPattern> patterns(LinearAddOp op, Tensor[] in) { return List.of(CudnnLinear.product(in, in.length > 3, Then.ADD)); }

    @Override public boolean choosesLibrary() { return false; }

    @Override void compute(LinearAddOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, CudnnLinear.product(in, in.length > 3, Then.ADD), in[0], in[1], in.length > 3 ? in[3] : null, in[2], out);
    }
}
