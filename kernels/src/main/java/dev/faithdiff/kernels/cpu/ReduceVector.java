package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ReduceOp;

/**
 * Sums and means of F32 in double, over neighbouring axes at a time: blocks of fixed size are summed by themselves and then joined
 * in order, so the result does not depend on the threads.
 */
public final class ReduceVector implements Kernel<ReduceOp> {
    private static final int BLOCK = 1 << 16;  // elements summed by one task
    private static final int COLUMNS = 1024;   // sums kept at a time: they stay in the first cache

    @Override public Class<ReduceOp> op() { return ReduceOp.class; }

    @Override public String refuses(ReduceOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[0].count() > 0 ? null : "takes F32 that is not empty";
    }

    @Override public void run(ReduceOp op, Tensor[] in, Tensor out) {
        Shape s = in[0].shape();
        int end = s.rank();
        while (end > 0 && (!op.reduces(end - 1) || s.size(end - 1) == 1)) end--;
        int from = end;
        while (from > 0 && (op.reduces(from - 1) || s.size(from - 1) == 1)) from--;
        int before = op.axes() & (1 << from) - 1;
        double scale = op.kind() == ReduceOp.Kind.MEAN ? 1.0 / s.count(from, end) : 1;
        if (isOne(s, before)) {
            reduce(in[0].address(), s.count(0, from), s.count(from, end), s.count(end, s.rank()), scale, out.address());
            return;
        }
        try (Scope _ = Scope.open()) { // more axes further out: another pass over what is left
            ReduceOp rest = new ReduceOp(op.kind(), before), last = new ReduceOp(op.kind(), op.axes() & ~before);
            Tensor half = Tensor.empty(Device.CPU, DType.F32, last.shape(in));
            run(last, in, half);
            run(rest, new Tensor[] {half}, out);
        }
    }

    private static boolean isOne(Shape s, int axes) {
        for (int d = 0; d < s.rank(); d++) if ((axes >> d & 1) == 1 && s.size(d) != 1) return false;
        return true;
    }

    /** Sums the middle of x {@code [outer, middle, inner]}. */
    private static void reduce(long x, long outer, long middle, long inner, double scale, long y) {
        int width = (int) Math.min(inner, COLUMNS), panels = (int) ((inner + width - 1) / width);
        long rows = Math.max(1, BLOCK / width);
        long blocks = (middle + rows - 1) / rows;
        try (Scope _ = Scope.open()) {
            long sums = Tensor.empty(Device.CPU, DType.F64, Shape.of(Math.toIntExact(outer), Math.toIntExact(blocks), Math.toIntExact(inner))).address();
            long small = Math.max(1, BLOCK / (Math.min(rows, middle) * width));
            Pieces.run(outer * blocks * panels, (int) small, (first, count) -> {
                for (long t = first; t < first + count; t++) {
                    long panel = t % panels, block = t / panels % blocks, o = t / panels / blocks;
                    long row = block * rows, at = (o * middle + row) * inner + panel * width;
                    int columns = (int) Math.min(width, inner - panel * width), height = (int) Math.min(rows, middle - row);
                    long to = sums + 8 * ((o * blocks + block) * inner + panel * width);
                    if (inner == 1) MEMORY.set(DType.DOUBLE, to, Sums.of(x + 4 * at, height));
                    else columns(x + 4 * at, inner, height, columns, to);
                }
            });
            if (blocks == 1) { // nothing to join: all sums stand in the result's order
                Pieces.run(outer * inner, (at, count) -> join(sums + 8 * at, 1, count, scale, y + 4 * at));
            } else {
                Pieces.rows(outer, inner * blocks, (first, count) -> {
                    for (long o = first; o < first + count; o++) join(sums + 8 * o * blocks * inner, blocks, inner, scale, y + 4 * o * inner);
                });
            }
        }
    }

    private static void join(long sums, long blocks, long inner, double scale, long y) {
        for (long i = 0; i < inner; i++) {
            double sum = 0;
            for (long b = 0; b < blocks; b++) sum += MEMORY.get(DType.DOUBLE, sums + 8 * (b * inner + i));
            Vec.set(y + 4 * i, (float) (sum * scale));
        }
    }

    /** Sums of {@code columns} columns over {@code height} rows; narrow rows that touch are taken several at a time. */
    private static void columns(long x, long inner, int height, int columns, long to) {
        int together = columns == inner ? Math.clamp(COLUMNS / columns, 1, height) : 1, width = together * columns;
        double[] sums = new double[width];
        int whole = height / together;
        for (int r = 0; r < whole; r++) Sums.add(x + 4 * (r * (long) together * inner), sums, width);
        Sums.add(x + 4 * ((long) whole * together * inner), sums, (height - whole * together) * columns);
        for (int c = 0; c < columns; c++) {
            double sum = 0;
            for (int i = c; i < width; i += columns) sum += sums[i];
            MEMORY.set(DType.DOUBLE, to + 8L * c, sum);
        }
    }
}
