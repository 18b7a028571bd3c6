package dev.faithdiff.kernels.cpu;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;

/** Arithmetic of F32 with any broadcast: row by row along the innermost axis, on which each operand goes on or stands still. */
public final class BinaryStrided implements Kernel<BinaryOp> {
    private static final int SHORT_ROW = 16, HALF = Scratch.SIZE / 2;

    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String refuses(BinaryOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype().isFloating() ? null : "takes F32 and a floating type";
    }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor b = in[1];
            if (b.dtype() != DType.F32) {
                b = Tensor.empty(Device.CPU, DType.F32, b.shape());
                Narrow.all(in[1], b);
            }
            compute(op.kind(), in[0], b, out);
        }
    }

    private static void compute(BinaryOp.Kind kind, Tensor a, Tensor b, Tensor out) {
        int rank = out.rank();
        Axes axes = new Axes(out.shape().toArray(), steps(a.shape(), rank), steps(b.shape(), rank));
        int outer = Math.max(0, axes.rank - 1), n = axes.rank == 0 ? 1 : Math.toIntExact(axes.size[outer]);
        boolean goesA = axes.rank > 0 && axes.a[outer] == 1, goesB = axes.rank > 0 && axes.b[outer] == 1;
        Pieces.rows(axes.count(outer), n, (first, count) -> {
            for (long r = first; r < first + count; r++) {
                long at = a.address() + 4 * axes.offset(r, outer, axes.a), bt = b.address() + 4 * axes.offset(r, outer, axes.b);
                if (n < SHORT_ROW) few(kind, at, goesA ? 4 : 0, bt, goesB ? 4 : 0, out.address() + 4 * r * n, n);
                else row(kind, at, goesA, bt, goesB, out.address() + 4 * r * n, n);
            }
        });
    }

    /** Elements to the next along each axis of a result of {@code rank}; 0 where the operand stands still. */
    private static long[] steps(Shape s, int rank) {
        long[] steps = new long[rank];
        for (int d = 0; d < s.rank(); d++) if (s.size(d) != 1) steps[rank - s.rank() + d] = s.count(d + 1, s.rank());
        return steps;
    }

    private static void row(BinaryOp.Kind kind, long a, boolean goesA, long b, boolean goesB, long y, int n) {
        if (goesA && goesB) {
            BinaryVector.row(kind, a, b, y, n);
            return;
        }
        long s = goesA ? a : fill(Scratch.floats(), a, n), t = goesB ? b : fill(Scratch.floats() + 4L * HALF, b, n);
        for (int i = 0; i < n; i += HALF) {
            BinaryVector.row(kind, goesA ? s + 4L * i : s, goesB ? t + 4L * i : t, y + 4L * i, Math.min(HALF, n - i));
        }
    }

    private static long fill(long to, long from, int n) {
        float v = Vec.get(from);
        for (int i = 0; i < Math.min(n, HALF); i++) Vec.set(to + 4L * i, v);
        return to;
    }

    private static void few(BinaryOp.Kind kind, long a, int stepA, long b, int stepB, long y, int n) {
        for (int i = 0; i < n; i++, a += stepA, b += stepB) {
            float u = Vec.get(a), v = Vec.get(b);
            Vec.set(y + 4L * i, switch (kind) {
                case ADD -> u + v;
                case SUB -> u - v;
                case MUL -> u * v;
                case DIV -> u / v;
            });
        }
    }
}
