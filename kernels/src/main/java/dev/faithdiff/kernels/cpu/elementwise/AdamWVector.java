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

/** A step of AdamW in F32, in place or not. Decay and step, which are both small, are added before they are subtracted from the parameter. */
public final class AdamWVector implements Kernel<AdamWOp> {
    /** Factors of one step: of the mean, of the mean of squares, and of the parameter itself. */
    private record Factors(float mean, float square, float epsilon, float decay) {}

    @Override public Class<AdamWOp> op() { return AdamWOp.class; }

    @Override public String refuses(AdamWOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(AdamWOp op, Tensor[] in, Tensor out) {
        Factors f = new Factors((float) (op.rate() / (1 - Math.pow(op.beta1(), op.step()))), (float) (1 / (1 - Math.pow(op.beta2(), op.step()))),
                (float) op.epsilon(), (float) (op.rate() * op.decay()));
        long p = in[0].address(), m = in[1].address(), v = m + 4 * out.count(), to = out.address();
        Chunks.run(out.count(), (from, count) -> {
            long at = 4 * from;
            int whole = count - count % LANES;
            step(f, p + at, m + at, v + at, to + at, whole);
            if (whole == count) return;
            int rest = count - whole;
            at += 4L * whole;
            step(f, Tail.load(0, p + at, rest), Tail.load(1, m + at, rest), Tail.load(2, v + at, rest), Tail.place(3), LANES);
            Tail.store(Tail.place(3), to + at, rest);
        });
    }

    private static void step(Factors f, long p, long m, long v, long to, int n) {
        FloatVector mean = FloatVector.broadcast(F, f.mean), decay = FloatVector.broadcast(F, f.decay);
        for (long i = 0; i < 4L * n; i += 4L * LANES) {
            FloatVector root = load(v + i).mul(f.square).sqrt().add(f.epsilon), x = load(p + i);
            store(x.sub(x.fma(decay, load(m + i).mul(mean).div(root))), to + i);
        }
    }
}
