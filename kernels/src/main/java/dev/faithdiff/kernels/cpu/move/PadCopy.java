package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PadOp;

/** Zero padding row by row: zeros, one bulk copy, zeros, of any type. */
public final class PadCopy implements Kernel<PadOp> {
    @Override public Class<PadOp> op() { return PadOp.class; }

    @Override public void run(PadOp op, Tensor[] in, Tensor out) {
        int h = in[0].size(1), tall = out.size(1);
        long pixel = (long) out.size(3) * out.dtype().bytes();
        long left = op.left() * pixel;
        long right = op.right() * pixel;
        long row = in[0].size(2) * pixel;
        long wide = out.size(2) * pixel;
        long x = in[0].address(), y = out.address();
        Chunks.rows((long) out.size(0) * tall, wide / 4, (first, rows) -> {
            for (long r = first; r < first + rows; r++) {
                long from = r % tall - op.top(), to = y + r * wide;
                if (from < 0 || from >= h) {
                    Copy.zero(to, wide);
                } else {
                    Copy.zero(to, left);
                    Copy.bytes(x + (r / tall * h + from) * row, to + left, row);
                    Copy.zero(to + left + row, right);
                }
            }
        });
    }
}
