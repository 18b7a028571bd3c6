package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Arithmetic of F32 with a second operand of the same shape, or one that repeats in rows (a bias, a scalar, {@code [B, 1, C]} on
 * {@code [B, T, C]}): a repeated row is converted to F32 once and copied out until it fills whole vectors.
 */
final class BinaryRows {
    private static final int MOST = 1 << 15, OUTER = 64;

    /** The loop over numbers: the first operand and the result are {@code times} rows of {@code length}, the second one row for all of them. */
    interface Loop {
        void run(long a, long b, long y, int length, int times);
    }

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

    private BinaryRows() {}

    /** Why the operands are not taken, or null. */
    static String refuses(Tensor[] in) {
        if (in[0].dtype() != DType.F32 || !in[1].dtype().isFloating()) return "takes F32 and a floating type";
        Form form = Form.of(in[0].shape(), in[1].shape());
        return form != null && form.fits() ? null : "takes a second operand that repeats in rows";
    }

    static void run(Loop loop, Tensor[] in, Tensor out) {
        Form form = Form.of(in[0].shape(), in[1].shape());
        DType dtype = in[1].dtype();
        long a = in[0].address(), b = in[1].address(), y = out.address();
        if (form.repeats() == 1) {
            Chunks.run(out.count(), (from, count) -> flat(loop, dtype, a + 4 * from, b + dtype.bytes() * from, y + 4 * from, count));
            return;
        }
        try (Scope _ = Scope.open()) {
            Repeated row = Repeated.empty((int) form.width());
            long segment = 4 * form.repeats() * form.width();
            for (int o = 0; o < form.outer(); o++) {
                row.fill(dtype, b + o * form.width() * dtype.bytes());
                long ao = a + o * segment, yo = y + o * segment;
                row.along(segment / 4, (from, length, times) -> loop.run(ao + 4 * from, row.address(), yo + 4 * from, length, times));
            }
        }
    }

    private static void flat(Loop loop, DType dtype, long a, long b, long y, int n) {
        if (dtype == DType.F32) {
            loop.run(a, b, y, n, 1);
            return;
        }
        long floats = Scratch.address();
        for (int i = 0; i < n; i += Scratch.FLOATS) {
            int count = Math.min(Scratch.FLOATS, n - i);
            ToFloat.row(dtype, b + (long) i * dtype.bytes(), count, floats);
            loop.run(a + 4L * i, floats, y + 4L * i, count, 1);
        }
    }
}
