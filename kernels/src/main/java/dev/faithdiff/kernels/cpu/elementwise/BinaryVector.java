package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;

/**
 * Arithmetic of F32 with a second operand of the same shape, or one that repeats in rows (a bias, a scalar, {@code [B, 1, C]} on
 * {@code [B, T, C]}): a repeated row is converted to F32 once and copied out until it fills whole vectors.
 */
public final class BinaryVector implements Kernel<BinaryOp> {
    private static final int MOST = 1 << 15, OUTER = 64;

    /** The second operand as {@code outer} rows of {@code width}, each of which is repeated {@code repeats} times before the next. */
    private record Form(long outer, long repeats, long width) {
        /** Null if the shapes have no such form. */
        static Form of(Shape a, Shape b) {
            Shape s = Shape.broadcast(a, b);
            if (s.count() != a.count()) return null;
            long[] counts = {1, 1, 1}; // width, repeats, outer
            int phase = 0;
            for (int d = 1; d <= s.rank(); d++) {
                if (s.size(-d) == 1) continue;
                boolean repeated = d > b.rank() || b.size(-d) == 1;
                if (repeated != (phase == 1)) phase++;
                if (phase == 3) return null;
                counts[phase] *= s.size(-d);
            }
            return new Form(counts[2], counts[1], counts[0]);
        }

        boolean fits() { return repeats == 1 || outer <= OUTER && Repeated.length(width) <= MOST && 2 * Repeated.length(width) <= repeats * width; }
    }

    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String refuses(BinaryOp op, Tensor[] in) {
        if (in[0].dtype() != DType.F32 || !in[1].dtype().isFloating()) return "takes F32 and a floating type";
        Form form = Form.of(in[0].shape(), in[1].shape());
        return form != null && form.fits() ? null : "takes a second operand that repeats in rows";
    }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        Form form = Form.of(in[0].shape(), in[1].shape());
        DType dtype = in[1].dtype();
        long a = in[0].address(), b = in[1].address(), y = out.address();
        if (form.repeats() == 1) {
            Chunks.run(out.count(), (from, count) -> flat(op.kind(), dtype, a + 4 * from, b + dtype.bytes() * from, y + 4 * from, count));
            return;
        }
        try (Scope _ = Scope.open()) {
            Repeated row = Repeated.empty((int) form.width());
            long segment = 4 * form.repeats() * form.width();
            for (int o = 0; o < form.outer(); o++) {
                row.fill(dtype, b + o * form.width() * dtype.bytes());
                long ao = a + o * segment, yo = y + o * segment;
                row.along(segment / 4, (from, count) -> row(op.kind(), ao + 4 * from, row.address(), yo + 4 * from, count));
            }
        }
    }

    private static void flat(BinaryOp.Kind kind, DType dtype, long a, long b, long y, int n) {
        if (dtype == DType.F32) {
            row(kind, a, b, y, n);
            return;
        }
        long floats = Scratch.address();
        for (int i = 0; i < n; i += Scratch.FLOATS) {
            int count = Math.min(Scratch.FLOATS, n - i);
            ToFloat.row(dtype, b + (long) i * dtype.bytes(), count, floats);
            row(kind, a + 4L * i, floats, y + 4L * i, count);
        }
    }

    /** Computes {@code n} elements, for any n. */
    static void row(BinaryOp.Kind kind, long a, long b, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(kind, a, b, y, whole);
        if (rest > 0) {
            long s = Tail.load(0, a + 4L * whole, rest), t = Tail.load(1, b + 4L * whole, rest);
            loop(kind, s, t, s, LANES);
            Tail.store(s, y + 4L * whole, rest);
        }
    }

    private static void loop(BinaryOp.Kind kind, long a, long b, long y, int n) {
        switch (kind) {
            case ADD -> add(a, b, y, n);
            case SUB -> sub(a, b, y, n);
            case MUL -> mul(a, b, y, n);
            case DIV -> div(a, b, y, n);
        }
    }

    private static void add(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).add(load(b + 4L * i)), y + 4L * i);
    }

    private static void sub(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).sub(load(b + 4L * i)), y + 4L * i);
    }

    private static void mul(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).mul(load(b + 4L * i)), y + 4L * i);
    }

    private static void div(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).div(load(b + 4L * i)), y + 4L * i);
    }
}
