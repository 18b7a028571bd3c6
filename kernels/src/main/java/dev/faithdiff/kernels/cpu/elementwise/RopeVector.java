package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.RopeOp;
import jdk.incubator.vector.FloatVector;

/** Rotary positions of F32 rows: the angles of a position are computed once for all its heads. */
public final class RopeVector implements Kernel<RopeOp> {
    private static final ThreadLocal<float[]> TURNS = ThreadLocal.withInitial(() -> new float[0]);

    @Override public Class<RopeOp> op() { return RopeOp.class; }

    @Override public String refuses(RopeOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(RopeOp op, Tensor[] in, Tensor out) {
        int tokens = out.size(1), channels = out.size(2);
        long x = in[0].address(), y = out.address();
        Chunks.rows(out.count() / channels, channels, (from, rows) -> {
            for (long row = from; row < from + rows; row++) {
                row(op, (int) (row % tokens) + op.offset(), channels, x + 4 * row * channels, y + 4 * row * channels);
            }
        });
    }

    private static void row(RopeOp op, int position, int channels, long x, long y) {
        int width = channels / op.heads(), half = width / 2;
        if (TURNS.get().length < width) TURNS.set(new float[width]);
        float[] turns = TURNS.get(); // cosines, and behind them sines
        for (int i = 0; i < half; i++) {
            double angle = op.angle(position, i, width);
            turns[i] = (float) Math.cos(angle);
            turns[half + i] = (float) (op.back() ? -Math.sin(angle) : Math.sin(angle));
        }
        for (int h = 0; h < op.heads(); h++, x += 4L * width, y += 4L * width) turn(turns, half, x, y);
    }

    private static void turn(float[] turns, int half, long x, long y) {
        int i = 0;
        for (; i <= half - LANES; i += LANES) {
            FloatVector cos = FloatVector.fromArray(F, turns, i), sin = FloatVector.fromArray(F, turns, half + i);
            FloatVector a = Vec.load(x + 4L * i), b = Vec.load(x + 4L * (half + i));
            Vec.store(a.mul(cos).sub(b.mul(sin)), y + 4L * i);
            Vec.store(b.mul(cos).add(a.mul(sin)), y + 4L * (half + i));
        }
        for (; i < half; i++) {
            float cos = turns[i], sin = turns[half + i], a = Vec.get(x + 4L * i), b = Vec.get(x + 4L * (half + i));
            Vec.set(y + 4L * i, a * cos - b * sin);
            Vec.set(y + 4L * (half + i), b * cos + a * sin);
        }
    }
}
