package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dAddOp;
import java.util.List;

/** A convolution, its bias and an addend in one pass. */
public final class CudnnConv2dAdd extends PlanKernel<Conv2dAddOp> {
    @Override public Class<Conv2dAddOp> op() { return Conv2dAddOp.class; }

    @Override String excludes(Conv2dAddOp op, Tensor[] in) { return otherType(in, 2); }

    @Override List<GraphPattern> patterns(Conv2dAddOp op, Tensor[] in) { return List.of(pattern(op, in)); }

    private static GraphPattern pattern(Conv2dAddOp op, Tensor[] in) {
        return CudnnConv2dPlan.pattern(op.conv(), in, in.length > 3, in[2].shape());
    }

    @Override void compute(Conv2dAddOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, pattern(op, in), in[0], in[1], in.length > 3 ? in[3] : null, in[2], out);
    }
}
