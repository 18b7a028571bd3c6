package dev.faithdiff.kernels.cpu.norm;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;
import java.util.List;

/** {@link LayerNormKernel} as machine code, for rows of whole pairs of vectors; to the bits of {@link LayerNormVector}. */
public final class LayerNormEmitted implements LayerNormKernel {
    private static final class Code {
        private static final Routine ROWS = rows(VecCode.start());
    }

    @Override public String refuses(LayerNormOp op, Tensor[] in) {
        String refusal = refusal(in[0]);
        return refusal == null ? LayerNormKernel.super.refuses(op, in) : refusal;
    }

    static String refusal(Tensor x) {
        if (!VecCode.isHere()) return "needs emitted code";
        return x.size(-1) % (2 * Vec.LANES) == 0 ? null : "takes rows of a multiple of " + 2 * Vec.LANES;
    }

    @Override public void rows(long x, int rows, int n, float eps, long weight, long bias, long y) {
        Code.ROWS.call(x, y, rows, n / (2 * Vec.LANES), weight, bias, Float.floatToRawIntBits(eps), Float.floatToRawIntBits(n));
    }

    /** Arguments: x, y, rows, pairs of vectors of a row, weight, bias, the bits of epsilon, and those of a row's length. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), pairs = c.argument(3), weight = c.argument(4), bias = c.argument(5);
        Value eps = c.doubles(c.spread(c.argument(6))), n = c.spread(c.argument(7));
        Value[] sums = {c.variable(c.constant(0)), c.variable(c.constant(0))}, squares = {c.variable(c.constant(0)), c.variable(c.constant(0))};
        c.repeat(c.argument(2), () -> {
            clear(c, sums);
            pairs(c, pairs, x, (i, v) -> c.set(sums[i], c.add(sums[i], v)));
            Value center = c.div(c.sum(c.add(sums[0], sums[1])), n);
            clear(c, sums);
            clear(c, squares);
            pairs(c, pairs, x, (i, v) -> {
                Value d = c.sub(v, center);
                c.set(sums[i], c.add(sums[i], d));
                c.set(squares[i], c.fma(d, d, squares[i]));
            });
            Value excess = c.div(c.sum(c.add(sums[0], sums[1])), n), square = c.div(c.sum(c.add(squares[0], squares[1])), n);
            Value variance = c.max(c.constant(0), c.sub(square, c.mul(excess, excess)));
            Value scale = inverseRoot(c, c.doubles(variance), eps);
            Value shift = c.mul(c.xor(excess, c.bits(Integer.MIN_VALUE)), scale);
            Gpr w = c.copy(weight), b = c.copy(bias);
            c.repeat(pairs, () -> {
                for (int at = 0; at < 2 * c.bytes(); at += c.bytes()) {
                    Value hat = c.fma(c.sub(c.load(x, at), center), scale, shift);
                    c.store(c.fma(hat, c.load(w, at), c.load(b, at)), y, at);
                }
                for (Gpr g : List.of(x, y, w, b)) c.advance(g, 2 * c.bytes());
            });
            c.release(b);
            c.release(w);
        });
        return c.routine("layer_norm");
    }

    /** The work on a vector, the first (0) or the second (1) of a pair. */
    interface Body {
        void write(int which, Value v);
    }

    static void clear(VectorCode c, Value[] variables) { for (Value v : variables) c.set(v, c.constant(0)); }

    /** A loop over the pairs of vectors of a row. */
    static void pairs(VectorCode c, Gpr pairs, Gpr row, Body body) {
        Gpr at = c.copy(row);
        c.repeat(pairs, () -> {
            for (int i = 0; i < 2; i++) body.write(i, c.load(at, i * c.bytes()));
            c.advance(at, 2 * c.bytes());
        });
        c.release(at);
    }

    /** 1 / sqrt(variance + eps) of doubles, rounded to a float, in every element. */
    static Value inverseRoot(VectorCode c, Value variance, Value eps) {
        Value root = c.sqrtDoubles(c.addDoubles(variance, eps));
        return c.first(c.floats(c.divDoubles(c.doubles(c.constant(1)), root)));
    }
}
