package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledProduct;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearGegluOp;
import java.util.List;

/** A linear layer and GEGLU as two products on rows of F8_E4M3: the values, then the gates, whose GELU times the values is the result. */
public final class CudnnLinearGegluF8 extends F8PlanKernel<LinearGegluOp> {
    @Override public Class<LinearGegluOp> op() { return LinearGegluOp.class; }

    @Override String excludes(LinearGegluOp op, Tensor[] in) {
        if (in[1].size(0) / 2 % 16 != 0) return "takes halves of a multiple of 16 columns";
        return excludes(in) == null ? otherType(in, 2) : excludes(in);
    }

    @Override List<GraphPattern> patterns(LinearGegluOp op, Tensor[] in) { return List.of(half(in, Then.NOTHING), half(in, Then.GATE)); }

    private static ScaledProduct half(Tensor[] in, Then then) { return product(in, in[1].size(0) / 2, in.length > 2, then); }

    @Override void compute(LinearGegluOp op, Tensor x, Tensor[] in, Tensor out, CudnnPlans plans) {
        int c = out.size(-1);
        try (Scope _ = Scope.open()) {
            Tensor w = kept(in[1]), values = Tensor.empty(out.device(), out.dtype(), out.shape());
            Tensor first = in.length > 2 ? in[2].view(0, Shape.of(c)) : null, second = in.length > 2 ? in[2].view(c, Shape.of(c)) : null;
            multiply(plans, half(in, Then.NOTHING), x, w, 0, first, null, values);
            multiply(plans, half(in, Then.GATE), x, w, c, second, values, out);
        }
    }
}
