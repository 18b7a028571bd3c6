package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of one query on a cache of keys and values, which may be F16: both are read once, token by token, and a task does some heads of keys.
 * Heads are multiples of {@link Vec#SIDE} wide.
 */
interface AttentionOne extends Kernel<AttentionOp> {
    /**
     * Heads of keys that a task does, beside each other, and the query's on them.
     *
     * @param count of the heads of keys @param group of the query's for each @param width of a head @param step bytes from token to token
     * @param stride floats from one head's scores to the next's, whole vectors
     */
    record Heads(DType dtype, int tokens, int count, int group, int width, long step, int stride) { }

    /** Writes the products of each head of the query with each token's keys. */
    void scores(Heads h, long q, long keys, long scores);

    /** Adds to each head of the result each token's values times its weight. */
    void sums(Heads h, long weights, long values, long y);

    @Override default Class<AttentionOp> op() { return AttentionOp.class; }

    @Override default String refuses(AttentionOp op, Tensor[] in) {
        Tensor q = in[0], k = in[1], v = in[2];
        if (in.length > 3 || q.size(1) != 1 || k.size(1) == 0) return "takes one query on keys, without a bias";
        if (q.dtype() != DType.F32 || k.dtype() != v.dtype() || !k.dtype().isFloating() || k.dtype().bytes() > 4) return "takes a query of F32";
        boolean even = q.size(2) / op.heads() % SIDE == 0 && k.size(2) == v.size(2);
        return even ? null : "takes heads of a multiple of " + SIDE + " numbers";
    }

    @Override default void run(AttentionOp op, Tensor[] in, Tensor out) {
        int width = in[0].size(2) / op.heads(), parts = Math.min(op.keyHeads(), 2 * Parallel.threads()), keys = in[1].size(1);
        int seen = op.seen(0, keys), group = op.group(), row = op.keyHeads() * width, bytes = in[1].dtype().bytes();
        int stride = Math.ceilDiv(seen, SIDE) * SIDE;
        Parallel.run(in[0].size(0) * parts, task -> {
            int b = task / parts, part = task % parts, first = op.keyHeads() * part / parts, count = op.keyHeads() * (part + 1) / parts - first;
            Heads h = new Heads(in[1].dtype(), seen, count, group, width, (long) row * bytes, stride);
            long start = ((long) b * keys * row + (long) first * width) * bytes, head = 4 * ((long) b * row + (long) first * width) * group;
            try (Workspace scores = Workspace.of((long) count * group * stride)) {
                scores(h, in[0].address() + head, in[1].address() + start, scores.at(0));
                for (int i = 0; i < count * group; i++) softmax(scores.at((long) i * stride), seen, stride, (float) op.scale(in));
                Copy.zero(out.address() + head, 4L * count * group * width);
                sums(h, scores.at(0), in[2].address() + start, out.address() + head);
            }
        });
    }

    private static void softmax(long x, int count, int padded, float scale) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) max = Math.max(max, Vec.get(x + 4L * i));
        for (int i = count; i < padded; i++) Vec.set(x + 4L * i, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < padded; i += LANES) Vec.store(Vec.exp(Vec.load(x + 4L * i).sub(max).mul(scale)), x + 4L * i);
        double sum = 0;
        for (int i = 0; i < count; i++) sum += Vec.get(x + 4L * i);
        FloatVector factor = FloatVector.broadcast(F, (float) (1 / sum));
        for (int i = 0; i < padded; i += LANES) Vec.store(Vec.load(x + 4L * i).mul(factor), x + 4L * i);
    }
}
