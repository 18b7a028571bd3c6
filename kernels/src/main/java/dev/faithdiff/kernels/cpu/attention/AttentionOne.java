package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of one query on a cache of keys and values, which may be F16: both are read once, token by token, and a task does some heads of keys.
 * Heads are multiples of {@link Vec#SIDE} wide.
 */
public final class AttentionOne implements Kernel<AttentionOp> {
    private static final int CHUNK = 512; // floats of a token in one task, or one head

    /** A thread's buffers: part of a token, the query's scores, and the sums of a dot product. */
    private static final class Work {
        float[] token = {}, scores = {};
        final MemorySegment side = Arena.ofAuto().allocate(4L * SIDE, 64);

        void hold(int width, int weights) {
            if (token.length < width) token = new float[width];
            if (scores.length < weights) scores = new float[weights];
        }
    }

    private static final ThreadLocal<Work> WORK = ThreadLocal.withInitial(Work::new);

    @Override public Class<AttentionOp> op() { return AttentionOp.class; }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        Tensor q = in[0], k = in[1], v = in[2];
        if (in.length > 3 || q.size(1) != 1 || k.size(1) == 0) return "takes one query on keys, without a bias";
        if (q.dtype() != DType.F32 || k.dtype() != v.dtype() || !k.dtype().isFloating() || k.dtype().bytes() > 4) return "takes a query of F32";
        boolean even = q.size(2) / op.heads() % SIDE == 0 && k.size(2) == v.size(2);
        return even ? null : "takes heads of a multiple of " + SIDE + " numbers";
    }

    @Override public void run(AttentionOp op, Tensor[] in, Tensor out) {
        int width = in[0].size(2) / op.heads(), each = Math.max(1, CHUNK / width), parts = Math.ceilDiv(op.keyHeads(), each);
        Parallel.run(in[0].size(0) * parts, task -> {
            int first = task % parts * each;
            heads(op, in, out, task / parts, first, Math.min(each, op.keyHeads() - first), width);
        });
    }

    /** Some heads of keys, and the query's heads on them. */
    private static void heads(AttentionOp op, Tensor[] in, Tensor out, int b, int first, int count, int width) {
        int keys = in[1].size(1), seen = op.seen(0, keys), group = op.group(), row = op.keyHeads() * width, bytes = in[1].dtype().bytes();
        int some = count * width, stride = (seen + LANES - 1) / LANES * LANES;
        Work w = WORK.get();
        w.hold(some, count * group * stride);
        long start = ((long) b * keys * row + (long) first * width) * bytes, head = 4 * ((long) b * row * group + (long) first * group * width);
        for (int s = 0; s < seen; s++) {
            ToFloat.row(in[1].dtype(), in[1].address() + start + (long) s * row * bytes, some, w.token, 0);
            for (int h = 0; h < count * group; h++) {
                w.scores[h * stride + s] = dot(in[0].address() + head + 4L * h * width, w.token, h / group * width, width, w.side.address());
            }
        }
        for (int h = 0; h < count * group; h++) softmax(w.scores, h * stride, seen, stride, (float) op.scale(in));
        long y = out.address() + head;
        for (int i = 0; i < some * group; i += LANES) Vec.store(FloatVector.zero(F), y + 4L * i);
        for (int s = 0; s < seen; s++) {
            ToFloat.row(in[2].dtype(), in[2].address() + start + (long) s * row * bytes, some, w.token, 0);
            for (int h = 0; h < count * group; h++) add(w.scores[h * stride + s], w.token, h / group * width, width, y + 4L * h * width);
        }
    }

    private static float dot(long q, float[] k, int at, int width, long side) {
        for (int i = 0; i < SIDE; i += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int c = i; c < width; c += SIDE) sum = Vec.load(q + 4L * c).fma(FloatVector.fromArray(F, k, at + c), sum);
            if (LANES == SIDE) return Vec.sum(sum);
            Vec.store(sum, side + 4L * i);
        }
        return Vec.sumSide(side);
    }

    private static void softmax(float[] x, int at, int count, int padded, float scale) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) max = Math.max(max, x[at + i]);
        for (int i = count; i < padded; i++) x[at + i] = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < padded; i += LANES) Vec.exp(FloatVector.fromArray(F, x, at + i).sub(max).mul(scale)).intoArray(x, at + i);
        double sum = 0;
        for (int i = 0; i < count; i++) sum += x[at + i];
        float factor = (float) (1 / sum);
        for (int i = 0; i < count; i++) x[at + i] *= factor;
    }

    private static void add(float weight, float[] v, int at, int width, long y) {
        FloatVector p = FloatVector.broadcast(F, weight);
        for (int i = 0; i < width; i += LANES) Vec.store(p.fma(FloatVector.fromArray(F, v, at + i), Vec.load(y + 4L * i)), y + 4L * i);
    }
}
