package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import java.util.List;

/**
 * Query, keys and values as one product on rows of F8_E4M3, then attention in 16 bits. The three weights, if they lie one behind the other, are
 * rounded once, else at each use.
 */
public final class CudnnSelfAttentionF8 extends F8PlanKernel<SelfAttentionOp> {
    @Override public Class<SelfAttentionOp> op() { return SelfAttentionOp.class; }

    @Override int weights() { return 3; }

    @Override String excludes(SelfAttentionOp op, Tensor[] in) {
        if (in[1].size(0) / op.heads() % 8 != 0) return "takes heads of a multiple of 8 channels";
        if (in[1].dtype() != in[2].dtype() || in[1].dtype() != in[3].dtype()) return "takes weights of one type";
        return excludes(in);
    }

    @Override List<GraphPattern> patterns(SelfAttentionOp op, Tensor[] in) {
        return List.of(product(in, 3 * in[1].size(0), false, Then.NOTHING), CudnnSelfAttention.attention(op, in));
    }

    @Override void compute(SelfAttentionOp op, Tensor x, Tensor[] in, Tensor out, CudnnPlans plans) {
        int width = out.size(2);
        try (Scope _ = Scope.open()) {
            boolean follow = CudnnSelfAttention.follow(in);
            Tensor w = follow ? kept(in[1].view(0, in[1].shape().with(0, 3 * width))) : rounded(CudnnSelfAttention.joined(in));
            Tensor all = Tensor.empty(out.device(), out.dtype(), out.shape().with(2, 3 * width));
            multiply(plans, product(in, 3 * width, false, Then.NOTHING), x, w, 0, null, null, all);
            CudnnSelfAttention.attend(op, in, all, out, plans);
        }
    }
}
