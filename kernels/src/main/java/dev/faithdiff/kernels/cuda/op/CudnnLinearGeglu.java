package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LinearGegluOp;
import java.util.List;

/** A linear layer and GEGLU as two products: the values, then the gates, whose GELU times the values is the result. */
public final class CudnnLinearGeglu extends PlanKernel<LinearGegluOp> {
    @Override public Class<LinearGegluOp> op() { return LinearGegluOp.class; }

    @Override String excludes(LinearGegluOp op, Tensor[] in) {
        if (in[1].size(0) / 2 % 8 != 0) return "takes halves of a multiple of 8 columns";
        return CudnnLinear.excludes(in);
    }

    @Override List<GraphPattern> patterns(LinearGegluOp op, Tensor[] in) { return List.of(half(in, Then.NOTHING), half(in, Then.GATE)); }

    private static Product half(Tensor[] in, Then then) {
        int k = in[1].size(1);
        return Product.linear(in[0].dtype(), Math.toIntExact(in[0].count() / k), in[1].size(0) / 2, k, in.length > 2, then);
    }

    @Override void compute(LinearGegluOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        int c = out.size(-1), k = in[1].size(1);
        try (Scope _ = Scope.open()) {
            Tensor w = Cublas.like(in[1], in[0].dtype()), values = Tensor.empty(out.device(), out.dtype(), out.shape());
            for (Then then : new Then[] {Then.NOTHING, Then.GATE}) {
                int first = then == Then.GATE ? c : 0;
                Tensor half = w.view((long) first * k, Shape.of(c, k)), bias = in.length > 2 ? in[2].view(first, Shape.of(c)) : null;
                multiply(plans, half(in, then), in[0], half, bias, then == Then.GATE ? values : null, then == Then.GATE ? out : values);
            }
        }
    }
}
