package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.RmsNormOp;
import java.util.List;

/** {@link RmsNormKernel} as machine code, for rows of a multiple of 32 floats; to the bits of {@link RmsNormVector}. */
public final class RmsNormEmitted implements RmsNormKernel {
    private static final class Code {
        private static final Routine ROWS = rows(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(RmsNormOp op, Tensor[] in) {
        String refusal = LayerNormEmitted.refusal(in[0]);
        return refusal == null ? RmsNormKernel.super.refuses(op, in) : refusal;
    }

    @Override public void rows(long x, int rows, int n, float eps, long weight, long y) {
        Code.ROWS.call(x, y, rows, n / LayerNormEmitted.ROUND, weight, Float.floatToRawIntBits(eps), Float.floatToRawIntBits(n), 0);
    }

    /** Arguments: x, y, rows, rounds of a row, weight, the bits of epsilon, and those of a row's length. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), rounds = c.argument(3);
        Value eps = c.doubles.of(c.spread(c.argument(5))), n = c.doubles.of(c.spread(c.argument(6)));
        Value[] squares = LayerNormEmitted.sums(c);
        c.repeat(c.argument(2), () -> {
            LayerNormEmitted.clear(c, squares);
            LayerNormEmitted.rounds(c, rounds, x, (i, v) -> c.set(squares[i], c.fma(v, v, squares[i])));
            Value mean = c.doubles.div(c.doubles.of(LayerNormEmitted.sum(c, squares)), n);
            Value scale = LayerNormEmitted.inverseRoot(c, mean, eps);
            Gpr w = c.copy(c.argument(4));
            c.repeat(rounds, () -> {
                for (int at = 0; at < 4 * LayerNormEmitted.ROUND; at += c.bytes()) c.store(c.mul(c.mul(c.load(x, at), scale), c.load(w, at)), y, at);
                for (Gpr g : List.of(x, y, w)) c.advance(g, 4 * LayerNormEmitted.ROUND);
            });
            c.release(w);
        });
        return c.routine("rms_norm");
    }
}
