package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Attention;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import java.util.List;

/** Query, keys and values as one product, side by side in rows, then attention. Weights that do not lie one behind the other are copied so. */
public final class CudnnSelfAttention extends PlanKernel<SelfAttentionOp> {
    @Override public Class<SelfAttentionOp> op() { return SelfAttentionOp.class; }

    @Override String excludes(SelfAttentionOp op, Tensor[] in) {
        if (in[1].size(0) / op.heads() % 8 != 0) return "takes heads of a multiple of 8 channels";
        return in[1].dtype() == in[2].dtype() && in[1].dtype() == in[3].dtype() ? CudnnLinear.tooFew(in) : "takes weights of one type";
    }

    @Override List<GraphPattern> patterns(SelfAttentionOp op, Tensor[] in) { return List.of(product(in), attention(op, in)); }

    private static Product product(Tensor[] in) {
        int k = in[1].size(1);
        return Product.linear(in[0].dtype(), Math.toIntExact(in[0].count() / k), 3 * in[1].size(0), k, false, Then.NOTHING);
    }

    static Attention attention(SelfAttentionOp op, Tensor[] in) {
        int width = in[1].size(0), rows = in[0].size(1);
        return new Attention(in[0].dtype(), in[0].size(0), op.heads(), rows, rows, width / op.heads(), 3 * width, 3 * width);
    }

    @Override void compute(SelfAttentionOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        int width = out.size(2);
        DType type = out.dtype();
        try (Scope _ = Scope.open()) {
            Tensor w = joined(in), all = Tensor.empty(out.device(), type, out.shape().with(2, 3 * width));
            multiply(plans, product(in), in[0], w, null, null, all);
            attend(op, in, all, out, plans);
        }
    }

    /** @param all query, keys and values side by side in rows */
    static void attend(SelfAttentionOp op, Tensor[] in, Tensor all, Tensor out, CudnnPlans plans) {
        int width = out.size(2);
        long next = (long) width * out.dtype().bytes();
        plans.run(attention(op, in), all.address(), all.address() + next, all.address() + 2 * next,
                plans.number((float) (1 / Math.sqrt((double) width / op.heads()))), out.address());
    }

    /** Whether the three weights lie one behind the other, in one type. */
    static boolean follow(Tensor[] in) {
        Tensor q = in[1];
        return q.dtype() == in[2].dtype() && q.dtype() == in[3].dtype() && q.storage() == in[2].storage() && q.storage() == in[3].storage()
                && in[2].address() == q.address() + q.bytes() && in[3].address() == q.address() + 2 * q.bytes();
    }

    /** The three weights one behind the other, in the activation's type. */
    static Tensor joined(Tensor[] in) {
        Shape shape = in[1].shape().with(0, 3 * in[1].size(0));
        Tensor q = in[1];
        if (follow(in)) return Cublas.like(q.view(0, shape), in[0].dtype());
        Tensor joined = Tensor.empty(q.device(), q.dtype(), shape);
        Engine.update(new ConcatOp(0), joined, in[1], in[2], in[3]);
        return Cublas.like(joined, in[0].dtype());
    }
}
