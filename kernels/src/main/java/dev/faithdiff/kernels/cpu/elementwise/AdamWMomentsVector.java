package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AdamWOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/** Both moments of AdamW in F32, in place or not, in one pass over the gradient. */
public final class AdamWMomentsVector implements Kernel<AdamWOp.Moments> {
    @Override public Class<AdamWOp.Moments> op() { return AdamWOp.Moments.class; }

    @Override public String refuses(AdamWOp.Moments op, Tensor[] in) { return in[1].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(AdamWOp.Moments op, Tensor[] in, Tensor out) {
        long n = in[1].count(), m = in[0].address(), g = in[1].address(), to = out.address();
        float mean = (float) ((1 - op.beta1()) * op.scale()), square = (float) ((1 - op.beta2()) * op.scale() * op.scale());
        Chunks.run(n, (from, count) -> {
            blend(m + 4 * from, g + 4 * from, (float) op.beta1(), mean, false, to + 4 * from, count);
            blend(m + 4 * (n + from), g + 4 * from, (float) op.beta2(), square, true, to + 4 * (n + from), count);
        });
    }

    private static void blend(long m, long g, float keep, float take, boolean squared, long to, int count) {
        int whole = count - count % LANES;
        vectors(m, g, keep, take, squared, to, whole);
        if (whole == count) return;
        long at = 4L * whole;
        vectors(Tail.load(0, m + at, count - whole), Tail.load(1, g + at, count - whole), keep, take, squared, Tail.place(2), LANES);
        Tail.store(Tail.place(2), to + at, count - whole);
    }

    private static void vectors(long m, long g, float keep, float take, boolean squared, long to, int n) {
        FloatVector kept = FloatVector.broadcast(F, keep);
        for (long i = 0; i < 4L * n; i += 4L * LANES) {
            FloatVector x = load(g + i), taken = x.mul(take);
            store(load(m + i).fma(kept, squared ? taken.mul(x) : taken), to + i);
        }
    }
}
