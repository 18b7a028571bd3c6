package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SoftmaxOp;

/** {@link SoftmaxKernel} as machine code, for rows of a multiple of 16 floats; to the bits of {@link SoftmaxVector}. */
public final class SoftmaxEmitted implements SoftmaxKernel {
    private static final class Code {
        private static final Routine ROWS = rows(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(SoftmaxOp op, Tensor[] in) {
        return in[0].size(-1) % Vec.SIDE == 0 ? SoftmaxKernel.super.refuses(op, in) : "takes rows of a multiple of " + Vec.SIDE;
    }

    @Override public void rows(long x, int rows, int n, long y) { Code.ROWS.call(x, y, rows, n, 4L * n, n / Vec.SIDE, 0, 0); }

    /** Arguments: x, y, rows, and the floats, the bytes and the blocks of SIDE floats of a row. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), n = c.argument(3);
        Value max = c.variable(c.constant(0));
        Value[] sums = new Value[4 * Vec.SIDE / c.bytes()];
        for (int i = 0; i < sums.length; i++) sums[i] = c.variable(c.constant(0));
        c.repeat(c.argument(2), () -> {
            c.set(max, c.constant(Float.NEGATIVE_INFINITY));
            c.eachWhole(n, at -> c.set(max, c.max(c.load(x, at), max)));
            Value most = c.greatest(max);
            for (Value sum : sums) c.set(sum, c.constant(0));
            Gpr from = c.copy(x), to = c.copy(y);
            c.repeat(c.argument(5), () -> {
                for (int i = 0; i < sums.length; i++) {
                    Value p = VecCode.exp(c, c.sub(c.load(from, i * c.bytes()), most));
                    c.store(p, to, i * c.bytes());
                    c.set(sums[i], c.add(sums[i], p));
                }
                c.advance(from, 4 * Vec.SIDE);
                c.advance(to, 4 * Vec.SIDE);
            });
            c.release(from);
            c.release(to);
            Value factor = c.div(c.constant(1), c.sum(sums));
            c.eachWhole(n, at -> c.store(c.mul(c.load(y, at), factor), y, at));
            c.advance(x, c.argument(4));
            c.advance(y, c.argument(4));
        });
        return c.routine("softmax");
    }
}
