package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** Attention of 16-bit types on tensor cores with online softmax, for heads of up to 128 channels. */
public final class AttentionFlashCuda extends CudaKernel<AttentionOp> {
    private static final int[] WIDTHS = {32, 48, 64, 80, 96, 128};
    private static final int TILE = 64, THREADS = 128, NARROW = 64;

    public AttentionFlashCuda() { super("attention_flash"); }

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        DType type = in[0].dtype();
        boolean narrow = type == DType.F16 || type == DType.BF16;
        if (!narrow || in[1].dtype() != type || in[2].dtype() != type) return "takes operands that are all F16 or all BF16";
        if (in.length > 3 && !in[3].dtype().isFloating()) return "takes a bias of a floating type";
        return op.headWidth(in) > 128 ? "takes heads of at most 128 channels" : AttentionPlainCuda.tooMany(op, in);
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        int i = 0;
        while (WIDTHS[i] < op.headWidth(in)) i++;
        int queries = WIDTHS[i] <= NARROW && in.length == 3 ? 2 * TILE : TILE;
        Launch launch = launch(in, out, "attention_" + WIDTHS[i]).grid((int) Grid.ceil(out.size(1), queries), op.heads(), out.size(0)).block(THREADS)
                .shared((queries + 4 * TILE) * (WIDTHS[i] + 8) * 2);
        AttentionPlainCuda.arguments(launch, op, in, out, op.scale(in) / Math.log(2)).run();
    }
}
