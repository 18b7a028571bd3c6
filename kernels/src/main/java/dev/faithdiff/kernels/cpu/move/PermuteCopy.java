package dev.faithdiff.kernels.cpu.move;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PermuteOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Permutation of axes, of any type. If the innermost axis stays innermost, its runs are copied. Else the plane of the two axes that are innermost
 * before and after is transposed tile by tile.
 */
public final class PermuteCopy implements Kernel<PermuteOp> {
    private static final int TILE = 64;
    private static final boolean EMITTED = VecCode.isHere();
    private static final VectorShuffle<Float> LOW = VectorShuffle.makeZip(Vec.F, 0), HIGH = VectorShuffle.makeZip(Vec.F, 1);

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
        Chunks.rows(axes.count(last), run / 4, (first, count) -> {
            long end = first + count, side = axes.size[last - 1];
            for (long r = first, n; r < end; r += n) { // as many as are evenly apart
                n = Math.min(side - r % side, end - r);
                Copy.rows(n, run, x + bytes * axes.offset(r, last, axes.a), bytes * axes.a[last - 1], y + r * run, run);
            }
        });
    }

    /** Transposes planes: their rows are contiguous in the result, their columns in the operand. */
    private static void planes(Axes axes, int bytes, long x, long y) {
        int last = axes.rank - 1, inner = 0;
        while (axes.a[inner] != 1) inner++;
        int column = inner;
        long strips = (axes.size[inner] + TILE - 1) / TILE, width = axes.size[last];
        Axes outer = axes.without(inner);
        Chunks.rows(outer.count(last - 1) * strips, TILE * width, (first, count) -> {
            for (long t = first; t < first + count; t++) {
                long at = t % strips * TILE, plane = t / strips;
                long from = x + bytes * (outer.offset(plane, last - 1, outer.a) + at);
                long to = y + bytes * (outer.offset(plane, last - 1, outer.b) + at * axes.b[column]);
                int height = (int) Math.min(TILE, axes.size[column] - at);
                strip(from, bytes * axes.a[last], to, bytes * axes.b[column], height, width, bytes);
            }
        });
    }

    private static void strip(long from, long fromStep, long to, long toStep, int down, long width, int bytes) {
        for (long c = 0; c < width; c += TILE) {
            int across = (int) Math.min(TILE, width - c);
            tile(from + c * fromStep, fromStep, to + c * bytes, toStep, down, across, bytes);
        }
    }

    /** Gathers the tile's runs in the L1 cache, so that strides of a power of two do no harm, and transposes them on the way out. */
    private static void tile(long from, long fromStep, long to, long toStep, int down, int across, int bytes) {
        long run = (long) down * bytes;
        if (fromStep != run) {
            long near = Scratch.address();
            Copy.rows(across, run, from, fromStep, near, run);
            from = near;
        }
        if (bytes == 4 && down % LANES == 0 && across % LANES == 0) squares(from, run, to, toStep, down, across);
        else if (across < down) transpose(bytes, from, run, bytes, to, bytes, toStep, across, down);
        else transpose(bytes, from, bytes, run, to, toStep, bytes, down, across);
    }

    private static void squares(long from, long fromStep, long to, long toStep, int down, int across) {
        if (EMITTED) {
            TransposeCode.SQUARES.call(from, fromStep, to, toStep, down / LANES, across / LANES, LANES * toStep, 0);
            return;
        }
        for (int r = 0; r < down; r += LANES) {
            for (int c = 0; c < across; c += LANES) square(from + c * fromStep + 4L * r, fromStep, to + r * toStep + 4L * c, toStep);
        }
    }

    /** Transposes a square of LANES vectors by zipping its upper with its lower half log2(LANES) times. */
    private static void square(long from, long fromStep, long to, long toStep) {
        long a = Scratch.address() + 4L * TILE * TILE, b = a + 4L * LANES * LANES, step = 4L * LANES;
        zip(from, fromStep, a, step);
        for (int i = 4; i < LANES; i *= 2) {
            zip(a, step, b, step);
            long c = a;
            a = b;
            b = c;
        }
        zip(a, step, to, toStep);
    }

    private static void zip(long from, long fromStep, long to, long toStep) {
        for (int i = 0; i < LANES / 2; i++) {
            FloatVector a = load(from + i * fromStep), b = load(from + (i + LANES / 2) * fromStep);
            store(a.rearrange(LOW, b), to + 2 * i * toStep);
            store(a.rearrange(HIGH, b), to + (2 * i + 1) * toStep);
        }
    }

    private static void transpose(int bytes, long from, long fromRow, long fromStep, long to, long toRow, long toStep, int rows, int n) {
        switch (bytes) {
            case 1 -> bytes(from, fromRow, fromStep, to, toRow, toStep, rows, n);
            case 2 -> shorts(from, fromRow, fromStep, to, toRow, toStep, rows, n);
            case 4 -> {
                if (EMITTED) TransposeCode.INTS.call(from, fromRow, fromStep, to, toRow, toStep, rows, n);
                else ints(from, fromRow, fromStep, to, toRow, toStep, rows, n);
            }
            default -> longs(from, fromRow, fromStep, to, toRow, toStep, rows, n);
        }
    }

    private static void bytes(long from, long fromRow, long fromStep, long to, long toRow, long toStep, int rows, int n) {
        for (int r = 0; r < rows; r++, from += fromRow, to += toRow) {
            long f = from, t = to;
            for (int i = 0; i < n; i++, f += fromStep, t += toStep) MEMORY.set(DType.BYTE, t, MEMORY.get(DType.BYTE, f));
        }
    }

    private static void shorts(long from, long fromRow, long fromStep, long to, long toRow, long toStep, int rows, int n) {
        for (int r = 0; r < rows; r++, from += fromRow, to += toRow) {
            long f = from, t = to;
            for (int i = 0; i < n; i++, f += fromStep, t += toStep) MEMORY.set(DType.SHORT, t, MEMORY.get(DType.SHORT, f));
        }
    }

    private static void ints(long from, long fromRow, long fromStep, long to, long toRow, long toStep, int rows, int n) {
        for (int r = 0; r < rows; r++, from += fromRow, to += toRow) {
            long f = from, t = to;
            for (int i = 0; i < n; i++, f += fromStep, t += toStep) MEMORY.set(DType.INT, t, MEMORY.get(DType.INT, f));
        }
    }

    private static void longs(long from, long fromRow, long fromStep, long to, long toRow, long toStep, int rows, int n) {
        for (int r = 0; r < rows; r++, from += fromRow, to += toRow) {
            long f = from, t = to;
            for (int i = 0; i < n; i++, f += fromStep, t += toStep) MEMORY.set(DType.LONG, t, MEMORY.get(DType.LONG, f));
        }
    }
}
