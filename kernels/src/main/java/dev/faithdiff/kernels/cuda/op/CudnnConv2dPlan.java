package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Convolution;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.List;

/** A convolution and its bias in one pass; a plain 1x1 convolution is a product over all pixels. */
public final class CudnnConv2dPlan extends PlanKernel<Conv2dOp> {
    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override String excludes(Conv2dOp op, Tensor[] in) { return otherType(in, 2); }

    @Override List<GraphPattern> patterns(Conv2dOp op, Tensor[] in) { return List.of(pattern(op, in, in.length > 2, null)); }

    /** @param in x and weight first @param addend null if there is none */
    static GraphPattern pattern(Conv2dOp op, Tensor[] in, boolean bias, Shape addend) {
        Shape w = in[1].shape(), y = op.shape(new Tensor[] {in[0], in[1]});
        boolean point = w.size(1) == 1 && w.size(2) == 1 && op.equals(new Conv2dOp(1, 0, 0, 0, 0));
        if (point && (addend == null || addend.equals(y))) return CudnnLinear.product(in, bias, addend == null ? Then.NOTHING : Then.ADD);
        return new Convolution(in[0].dtype(), op, in[0].shape(), w, y, bias, addend, false);
    }

    @Override void compute(Conv2dOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        multiply(plans, pattern(op, in, in.length > 2, null), in[0], in[1], in.length > 2 ? in[2] : null, null, out);
    }
}
