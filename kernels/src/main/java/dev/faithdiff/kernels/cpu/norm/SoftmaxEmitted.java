package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.SoftmaxOp;

/** {@link SoftmaxKernel} as machine code, for rows of whole vectors; to the bits of {@link SoftmaxVector}. */
public final class SoftmaxEmitted implements SoftmaxKernel {
    private static final class Code {
        private static final Routine ROWS = rows(VecCode.start());
    }

    @Override public String refuses(SoftmaxOp op, Tensor[] in) {
        if (!VecCode.isHere()) return "needs emitted code";
        return in[0].size(-1) % Vec.LANES == 0 ? SoftmaxKernel.super.refuses(op, in) : "takes rows of a multiple of " + Vec.LANES;
    }

    @Override public void rows(long x, int rows, int n, long y) { Code.ROWS.call(x, y, rows, n, 4L * n); }

    /** Arguments: x, y, rows, and the floats and bytes of a row. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), n = c.argument(3);
        Value max = c.variable(c.constant(0)), sum = c.variable(c.constant(0));
        c.repeat(c.argument(2), () -> {
            c.set(max, c.constant(Float.NEGATIVE_INFINITY));
            c.eachWhole(n, at -> c.set(max, c.max(c.load(x, at), max)));
            Value most = c.greatest(max);
            c.set(sum, c.constant(0));
            c.eachWhole(n, at -> {
                Value p = VecCode.exp(c, c.sub(c.load(x, at), most));
                c.store(p, y, at);
                c.set(sum, c.add(sum, p));
            });
            Value factor = c.div(c.constant(1), c.sum(sum));
            c.eachWhole(n, at -> c.store(c.mul(c.load(y, at), factor), y, at));
            c.advance(x, c.argument(4));
            c.advance(y, c.argument(4));
        });
        return c.routine("softmax");
    }
}
