package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Attention;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import java.util.List;

/** Attention in which every query sees every key, in one pass. */
public final class CudnnAttention extends PlanKernel<AttentionOp> {
    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override String excludes(AttentionOp op, Tensor[] in) {
        if (in.length > 3 || op.causal()) return "takes neither a bias nor a causal mask";
        if (op.group() > 1 || in[1].size(2) != in[2].size(2)) return "takes as many heads of keys as of queries, and values as wide as keys";
        if (op.headWidth(in) % 8 != 0) return "takes heads of a multiple of 8 channels";
        return otherType(in, 1) == null ? null : "takes operands of one type";
    }

    @Override List<GraphPattern> patterns(AttentionOp op, Tensor[] in) { return List.of(pattern(op, in)); }

    private static Attention pattern(AttentionOp op, Tensor[] in) {
        int row = in[0].size(2);
        return new Attention(in[0].dtype(), in[0].size(0), op.heads(), in[0].size(1), in[1].size(1), row / op.heads(), row, row);
    }

    @Override void compute(AttentionOp op, Tensor[] in, Tensor out, CudnnPlans plans) {
        plans.run(pattern(op, in), in[0].address(), in[1].address(), in[2].address(), plans.number((float) op.scale(in)), out.address());
    }
}
