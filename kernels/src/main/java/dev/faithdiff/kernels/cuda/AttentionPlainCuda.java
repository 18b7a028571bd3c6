package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** Attention of any floating types with online softmax and no tensor cores, for heads of up to 512 channels. */
final class AttentionPlainCuda extends CudaKernel<AttentionOp> {
    private static final int QUERIES = 32;

    AttentionPlainCuda() { super("attention_plain"); }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return headWidth(op, in) > 512 ? "takes heads of at most 512 channels" : tooMany(op, in);
    }

    /** Heads and samples are numbered by blocks of the grid: null, or the reason not to take so many. */
    static String tooMany(AttentionOp op, Tensor[] in) {
        if (in[1].size(1) == 0) return "takes at least one key";
        return op.heads() > 65535 || in[0].size(0) > 65535 ? "takes at most 65535 heads and samples" : null;
    }

    private static int headWidth(AttentionOp op, Tensor[] in) { return Math.max(in[0].size(2), in[2].size(2)) / op.heads(); }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        int queries = out.size(1);
        launch(in, out, headWidth(op, in) <= 128 ? "attention_128" : "attention_512")
                .grid((int) Work.ceil(queries, QUERIES), op.heads(), out.size(0))
                .arg(in[0]).arg(in[1]).arg(in[2]).arg(out).arg(queries).arg(in[1].size(1))
                .arg(in[0].size(2) / op.heads()).arg(in[2].size(2) / op.heads())
                .arg((float) op.scale(in)).arg(op.causal() ? 1 : 0).run();
    }
}
