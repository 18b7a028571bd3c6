package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PermuteOp;

/**
 * Axes in a new order, of any type: where the innermost axis stays innermost its runs are copied, else the plane of the two axes
 * that are innermost before and after is turned tile by tile.
 */
public final class PermuteCopy implements Kernel<PermuteOp> {
    private static final int TILE = 16, STRIP = 64;

    @Override public Class<PermuteOp> op() { return PermuteOp.class; }

    @Override public void run(PermuteOp op, Tensor[] in, Tensor out) {
        long[] dense = new long[out.rank()];
        for (int d = 0; d < dense.length; d++) dense[d] = out.shape().count(d + 1, dense.length);
        Axes axes = new Axes(out.shape().toArray(), op.strides(in[0].shape()), dense);
        int bytes = out.dtype().bytes(), last = axes.rank - 1;
        if (last <= 0) Copy.runs(1, out.bytes(), in[0].address(), 0, out.address(), 0);
        else if (axes.a[last] == 1) runs(axes, bytes, in[0].address(), out.address());
        else planes(axes, bytes, in[0].address(), out.address());
    }

    private static void runs(Axes axes, int bytes, long x, long y) {
        int last = axes.rank - 1;
        long run = axes.size[last] * bytes;
        Pieces.rows(axes.count(last), run / 4, (first, count) -> {
            for (long r = first; r < first + count; r++) Copy.bytes(x + bytes * axes.offset(r, last, axes.a), y + r * run, run);
        });
    }

    /** Rows of a plane lie along the result's innermost axis in the result, its columns along the operand's in the operand. */
    private static void planes(Axes axes, int bytes, long x, long y) {
        int last = axes.rank - 1, inner = 0;
        while (axes.a[inner] != 1) inner++;
        int column = inner;
        long strips = (axes.size[inner] + STRIP - 1) / STRIP, width = axes.size[last];
        Axes outer = axes.without(inner);
        Pieces.rows(outer.count(last - 1) * strips, STRIP * width, (first, count) -> {
            for (long t = first; t < first + count; t++) {
                long at = t % strips * STRIP, plane = t / strips;
                long from = x + bytes * (outer.offset(plane, last - 1, outer.a) + at);
                long to = y + bytes * (outer.offset(plane, last - 1, outer.b) + at * axes.b[column]);
                int height = (int) Math.min(STRIP, axes.size[column] - at);
                strip(from, bytes * axes.a[last], to, bytes * axes.b[column], height, width, bytes);
            }
        });
    }

    private static void strip(long from, long fromStep, long to, long toStep, int height, long width, int bytes) {
        for (long c = 0; c < width; c += TILE) {
            int across = (int) Math.min(TILE, width - c);
            for (int r = 0; r < height; r += TILE) {
                int down = Math.min(TILE, height - r);
                long f = from + c * fromStep + (long) r * bytes, t = to + r * toStep + c * bytes;
                switch (bytes) {
                    case 1 -> bytes(f, fromStep, t, toStep, down, across);
                    case 2 -> shorts(f, fromStep, t, toStep, down, across);
                    case 4 -> ints(f, fromStep, t, toStep, down, across);
                    default -> longs(f, fromStep, t, toStep, down, across);
                }
            }
        }
    }

    private static void bytes(long from, long fromStep, long to, long toStep, int down, int across) {
        for (int r = 0; r < down; r++) {
            for (int c = 0; c < across; c++) MEMORY.set(DType.BYTE, to + r * toStep + c, MEMORY.get(DType.BYTE, from + c * fromStep + r));
        }
    }

    private static void shorts(long from, long fromStep, long to, long toStep, int down, int across) {
        for (int r = 0; r < down; r++) {
            for (int c = 0; c < across; c++) MEMORY.set(DType.SHORT, to + r * toStep + 2L * c, MEMORY.get(DType.SHORT, from + c * fromStep + 2L * r));
        }
    }

    private static void ints(long from, long fromStep, long to, long toStep, int down, int across) {
        for (int r = 0; r < down; r++) {
            for (int c = 0; c < across; c++) MEMORY.set(DType.INT, to + r * toStep + 4L * c, MEMORY.get(DType.INT, from + c * fromStep + 4L * r));
        }
    }

    private static void longs(long from, long fromStep, long to, long toStep, int down, int across) {
        for (int r = 0; r < down; r++) {
            for (int c = 0; c < across; c++) MEMORY.set(DType.LONG, to + r * toStep + 8L * c, MEMORY.get(DType.LONG, from + c * fromStep + 8L * r));
        }
    }
}
