package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Kernel;
import jdk.incubator.vector.FloatVector;

/** {@code x * scale + shift} of F32, one fused multiply-add for each vector. */
public final class AffineVector implements Kernel<AffineOp> {
    @Override public Class<AffineOp> op() { return AffineOp.class; }

    @Override public String refuses(AffineOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address();
        Chunks.run(out.count(), (from, count) -> chunk(x + 4 * from, y + 4 * from, count, op.scale(), op.shift()));
    }

    private static void chunk(long x, long y, int n, float scale, float shift) {
        int whole = n - n % LANES;
        loop(x, y, whole, scale, shift);
        for (int i = whole; i < n; i++) Vec.set(y + 4L * i, Math.fma(Vec.get(x + 4L * i), scale, shift));
    }

    private static void loop(long x, long y, int n, float scale, float shift) {
        FloatVector s = FloatVector.broadcast(Vec.F, scale), t = FloatVector.broadcast(Vec.F, shift);
        for (int i = 0; i < n; i += LANES) store(load(x + 4L * i).fma(s, t), y + 4L * i);
    }
}
