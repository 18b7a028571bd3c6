package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Axes;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;

/** Arithmetic of F32 with any broadcast: row by row along the innermost axis, on which each operand has stride 1 or 0. */
public final class BinaryStrided implements Kernel<BinaryOp> {
    private static final int SHORT_ROW = 16, FLOATS = 1024;

    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String refuses(BinaryOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype().isFloating() ? null : "takes F32 and a floating type";
    }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor b = in[1];
            if (b.dtype() != DType.F32) {
                b = Tensor.empty(Device.CPU, DType.F32, b.shape());
                ToFloat.all(in[1], b);
            }
            compute(op.kind(), in[0], b, out);
        }
    }

    private static void compute(BinaryOp.Kind kind, Tensor a, Tensor b, Tensor out) {
        int rank = out.rank();
        Axes axes = new Axes(out.shape().toArray(), steps(a.shape(), rank), steps(b.shape(), rank));
        int last = axes.rank - 1;
        if (last >= 1 && axes.size[last] < SHORT_ROW) planes(kind, axes, a.address(), b.address(), out.address());
        else rows(kind, axes, Math.max(0, last), a.address(), b.address(), out.address());
    }

    private static void rows(BinaryOp.Kind kind, Axes axes, int last, long a, long b, long y) {
        long n = axes.rank == 0 ? 1 : axes.size[last];
        boolean goesA = axes.rank > 0 && axes.a[last] == 1, goesB = axes.rank > 0 && axes.b[last] == 1;
        Chunks.rows(axes.count(last), n, (first, count) -> {
            for (long r = first; r < first + count; r++) {
                row(kind, a + 4 * axes.offset(r, last, axes.a), goesA, b + 4 * axes.offset(r, last, axes.b), goesB, y + 4 * r * n, n);
            }
        });
    }

    /** For short rows: both operands are copied out for many rows at a time. */
    private static void planes(BinaryOp.Kind kind, Axes axes, long a, long b, long y) {
        int last = axes.rank - 1, n = (int) axes.size[last], most = FLOATS / n;
        long rows = axes.size[last - 1], groups = (rows + most - 1) / most;
        Chunks.rows(axes.count(last - 1) * groups, most * n, (first, count) -> {
            for (long g = first; g < first + count; g++) {
                long plane = g / groups, row = g % groups * most;
                int height = (int) Math.min(most, rows - row);
                long s = Scratch.address(), t = s + 4L * FLOATS;
                write(a + 4 * (axes.offset(plane, last - 1, axes.a) + row * axes.a[last - 1]), 4 * axes.a[last - 1], 4 * axes.a[last], s, height, n);
                write(b + 4 * (axes.offset(plane, last - 1, axes.b) + row * axes.b[last - 1]), 4 * axes.b[last - 1], 4 * axes.b[last], t, height, n);
                BinaryVector.row(kind, s, t, y + 4 * (plane * rows + row) * n, height * n);
            }
        });
    }

    private static void write(long from, long down, long across, long to, int height, int n) {
        if (across == 4 && down == 4L * n) {
            Copy.bytes(from, to, 4L * height * n);
            return;
        }
        for (int i = 0; i < n; i++) column(from + i * across, down, to + 4L * i, 4L * n, height);
    }

    private static void column(long from, long fromStep, long to, long toStep, int n) {
        for (int i = 0; i < n; i++) Vec.set(to + i * toStep, Vec.get(from + i * fromStep));
    }

    /** Strides in elements along the axes of a result of {@code rank}; 0 where the operand is broadcast. */
    private static long[] steps(Shape s, int rank) {
        long[] steps = new long[rank];
        for (int d = 0; d < s.rank(); d++) if (s.size(d) != 1) steps[rank - s.rank() + d] = s.count(d + 1, s.rank());
        return steps;
    }

    private static void row(BinaryOp.Kind kind, long a, boolean goesA, long b, boolean goesB, long y, long n) {
        int step = (int) Math.min(n, FLOATS);
        long s = goesA ? a : fill(Scratch.address(), a, step), t = goesB ? b : fill(Scratch.address() + 4L * FLOATS, b, step);
        for (long i = 0; i < n; i += step) {
            BinaryVector.row(kind, goesA ? s + 4 * i : s, goesB ? t + 4 * i : t, y + 4 * i, (int) Math.min(step, n - i));
        }
    }

    private static long fill(long to, long from, int n) {
        float v = Vec.get(from);
        for (int i = 0; i < n; i++) Vec.set(to + 4L * i, v);
        return to;
    }
}
