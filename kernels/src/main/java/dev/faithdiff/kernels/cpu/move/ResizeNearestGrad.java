package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.SumsVector;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ResizeOp;

/** The gradient of nearest resizing: each input pixel gets the sum over the rectangle of result pixels that copy it. */
public final class ResizeNearestGrad implements Kernel<ResizeOp.Grad> {
    private static final int MOST = Scratch.BYTES / 8;
    private static final Sums SUMS = new SumsVector();

    @Override public Class<ResizeOp.Grad> op() { return ResizeOp.Grad.class; }

    @Override public String refuses(ResizeOp.Grad op, Tensor[] in) {
        if (op.kind() != ResizeOp.Kind.NEAREST) return "takes NEAREST";
        return in[0].dtype() == DType.F32 && in[0].size(3) <= MOST ? null : "takes F32 of at most " + MOST + " channels";
    }

    @Override public void run(ResizeOp.Grad op, Tensor[] in, Tensor out) {
        int h = op.height(), w = op.width(), tall = in[0].size(1), wide = in[0].size(2), c = out.size(3);
        int[] top = firsts(h, tall), left = firsts(w, wide);
        Chunks.rows((long) out.size(0) * h, (long) w * c, (first, rows) -> {
            for (long r = first; r < first + rows; r++) {
                int y = (int) (r % h);
                long from = in[0].address() + 4 * (r / h * tall + top[y]) * wide * c, to = out.address() + 4 * r * w * c;
                for (int x = 0; x < w; x++) {
                    pixel(from + 4L * left[x] * c, 4L * wide * c, top[y + 1] - top[y], left[x + 1] - left[x], c, to + 4L * x * c);
                }
            }
        });
    }

    private static void pixel(long from, long line, int height, int width, int c, long to) {
        long sums = Scratch.address();
        Copy.zero(sums, 8L * c);
        for (int i = 0; i < height; i++) SUMS.rows(from + i * line, 4L * c, width, sums, c);
        SUMS.store(sums, 1, to, c);
    }

    /** The first output index that copies each input index, and the end. */
    private static int[] firsts(int inputs, int outputs) {
        int[] first = new int[inputs + 1];
        for (int i = 0; i < outputs; i++) first[ResizeOp.source(i, inputs, outputs) + 1] = i + 1;
        for (int i = 1; i <= inputs; i++) first[i] = Math.max(first[i], first[i - 1]);
        return first;
    }
}
