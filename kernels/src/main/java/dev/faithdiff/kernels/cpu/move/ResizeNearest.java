package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ResizeOp;

/** Nearest resizing, of any type: each distinct row is written pixel by pixel once, and its repetitions are copied. */
public final class ResizeNearest implements Kernel<ResizeOp> {
    @Override public Class<ResizeOp> op() { return ResizeOp.class; }

    @Override public String refuses(ResizeOp op, Tensor[] in) { return op.kind() == ResizeOp.Kind.NEAREST ? null : "takes NEAREST"; }

    @Override public void run(ResizeOp op, Tensor[] in, Tensor out) {
        int h = in[0].size(1), w = in[0].size(2), tall = op.height(), wide = op.width();
        long pixel = (long) out.size(3) * out.dtype().bytes(), line = wide * pixel;
        long x = in[0].address(), y = out.address();
        long[] columns = new long[wide];
        for (int i = 0; i < wide; i++) columns[i] = ResizeOp.source(i, w, wide) * pixel;
        int each = each(columns, w, pixel);
        Chunks.rows((long) out.size(0) * tall, line / 4, (first, rows) -> {
            long before = -1;
            for (long r = first; r < first + rows; r++) {
                long from = r / tall * h + ResizeOp.source((int) (r % tall), h, tall);
                if (from == before) Copy.bytes(y + (r - 1) * line, y + r * line, line);
                else if (each > 0) spread(x + from * w * pixel, y + r * line, w, each, pixel);
                else spread(x + from * w * pixel, y + r * line, columns, pixel);
                before = from;
            }
        });
    }

    /** How often each pixel of a row is written, if all are as often; else 0. */
    private static int each(long[] columns, int w, long pixel) {
        int each = columns.length / w;
        for (int i = 0; i < columns.length; i++) if (each == 0 || columns[i] != i / each * pixel) return 0;
        return each;
    }

    private static void spread(long from, long to, int w, int each, long pixel) {
        for (int i = 0; i < each; i++) Copy.rows(w, pixel, from, pixel, to + i * pixel, each * pixel);
    }

    private static void spread(long from, long to, long[] columns, long pixel) {
        for (int i = 0; i < columns.length; i++) Copy.bytes(from + columns[i], to + i * pixel, pixel);
    }
}
