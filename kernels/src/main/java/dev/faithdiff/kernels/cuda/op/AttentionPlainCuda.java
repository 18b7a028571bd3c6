package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** Attention of any floating types with online softmax, without tensor cores, for heads of up to 512 channels. */
public final class AttentionPlainCuda extends CudaKernel<AttentionOp> {
    private static final int QUERIES = 32;

    public AttentionPlainCuda() { super("attention_plain"); }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return op.headWidth(in) > 512 ? "takes heads of at most 512 channels" : tooMany(op, in);
    }

    /** Null, or the reason to refuse the numbers of keys, heads and samples; the last two are dimensions of the grid. */
    static String tooMany(AttentionOp op, Tensor[] in) {
        if (in[1].size(1) == 0) return "takes at least one key";
        return op.heads() > 65535 || in[0].size(0) > 65535 ? "takes at most 65535 heads and samples" : null;
    }

    /** Adds the operands and sizes to a launch, in the order of both attention_plain.cu and attention_flash.cu. */
    static Launch arguments(Launch launch, AttentionOp op, Tensor[] in, Tensor out, double scale) {
        for (Tensor t : in) launch.arg(t);
        launch.arg(out);
        if (in.length > 3) for (long step : steps(in[3])) launch.arg(step);
        return launch.arg(out.size(1)).arg(in[1].size(1)).arg(in[0].size(2) / op.heads()).arg(in[2].size(2) / op.keyHeads()).arg(op.group())
                .arg((float) scale).arg(op.causal() ? 1 : 0).arg(op.offset());
    }

    /** Strides in elements of a bias from one sample, head and query to the next; 0 where it is broadcast. */
    static long[] steps(Tensor bias) {
        long[] steps = new long[3];
        for (int d = 0; d < 3; d++) steps[d] = bias.size(d) == 1 ? 0 : bias.shape().count(d + 1, 4);
        return steps;
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        Launch launch = launch(in, out, op.headWidth(in) <= 128 ? "attention_128" : "attention_512")
                .grid((int) Grid.ceil(out.size(1), QUERIES), op.heads(), out.size(0));
        arguments(launch, op, in, out, op.scale(in)).run();
    }
}
