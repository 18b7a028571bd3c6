package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Vec.MEMORY;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Sums;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ReduceOp;

/**
 * Sums and means of F32, computed in double, over one group of neighbouring axes at a time. Blocks of fixed size are summed separately and then added
 * in order, so the result does not depend on the number of threads.
 */
interface ReduceKernel extends Kernel<ReduceOp> {
    int BLOCK = 1 << 16;  // elements summed by one task
    int COLUMNS = 2048;   // sums at a time, which fit the L1 cache

    /** How a block is summed. */
    Sums sums();

    @Override default Class<ReduceOp> op() { return ReduceOp.class; }

    @Override default String refuses(ReduceOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[0].count() > 0 ? null : "takes F32 that is not empty";
    }

    @Override default void run(ReduceOp op, Tensor[] in, Tensor out) {
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
        try (Scope _ = Scope.open()) { // further axes: another pass over the remaining sums
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
    private void reduce(long x, long outer, long middle, long inner, double scale, long y) {
        int width = (int) Math.min(inner, COLUMNS), rows = BLOCK / width;
        long panels = (inner + width - 1) / width, blocks = (middle + rows - 1) / rows;
        try (Scope _ = Scope.open()) {
            Shape partial = Shape.of(Math.toIntExact(outer), Math.toIntExact(blocks), Math.toIntExact(inner));
            long sums = blocks == 1 ? 0 : Tensor.empty(Device.CPU, DType.F64, partial).address();
            Chunks.rows(outer * blocks * panels, Math.min(rows, middle) * width, (first, count) -> {
                for (long t = first; t < first + count; t++) {
                    long panel = t % panels * width, block = t / panels % blocks, o = t / panels / blocks;
                    int columns = (int) Math.min(width, inner - panel), height = (int) Math.min(rows, middle - block * rows);
                    long from = x + 4 * ((o * middle + block * rows) * inner + panel);
                    if (blocks == 1) sums().store(columns(from, inner, height, columns), scale, y + 4 * (o * inner + panel), columns);
                    else Copy.bytes(columns(from, inner, height, columns), sums + 8 * ((o * blocks + block) * inner + panel), 8L * columns);
                }
            });
            if (blocks > 1) Chunks.rows(outer, inner * blocks, (first, count) -> {
                for (long o = first; o < first + count; o++) join(sums + 8 * o * blocks * inner, blocks, inner, scale, y + 4 * o * inner);
            });
        }
    }

    private static void join(long sums, long blocks, long inner, double scale, long y) {
        for (long i = 0; i < inner; i++) {
            double sum = 0;
            for (long b = 0; b < blocks; b++) sum += MEMORY.get(DType.DOUBLE, sums + 8 * (b * inner + i));
            Vec.set(y + 4 * i, (float) (sum * scale));
        }
    }

    /** The address of the sums of {@code columns} columns over {@code height} rows; narrow contiguous rows are summed several at a time. */
    private long columns(long x, long inner, int height, int columns) {
        long sums = Scratch.address();
        if (inner == 1) {
            MEMORY.set(DType.DOUBLE, sums, sums().of(x, height));
            return sums;
        }
        int together = columns == inner ? Math.clamp(COLUMNS / columns, 1, height) : 1;
        int width = together * columns;
        int whole = height / together;
        Copy.zero(sums, 8L * width);
        sums().rows(x, 4L * together * inner, whole, sums, width);
        sums().rows(x + 4 * (whole * together * inner), 0, 1, sums, (height - whole * together) * columns);
        sums().fold(sums, together - 1, columns);
        return sums;
    }
}
