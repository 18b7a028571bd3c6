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

/** {@link LayerNormKernel} as machine code, for rows of a multiple of 32 floats; to the bits of {@link LayerNormVector}. */
public final class LayerNormEmitted implements LayerNormKernel {
    /** Floats of a round of a loop: twice those that are summed side by side, so that additions overlap. */
    static final int ROUND = 2 * Vec.SIDE;

    private static final class Code {
        private static final Routine ROWS = rows(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(LayerNormOp op, Tensor[] in) {
        String refusal = refusal(in[0]);
        return refusal == null ? LayerNormKernel.super.refuses(op, in) : refusal;
    }

    static String refusal(Tensor x) {
        return x.size(-1) % ROUND == 0 ? null : "takes rows of a multiple of " + ROUND;
    }

    @Override public void rows(long x, int rows, int n, float eps, long weight, long bias, long y) {
        Code.ROWS.call(x, y, rows, n / ROUND, weight, bias, Float.floatToRawIntBits(eps), Float.floatToRawIntBits(n));
    }

    /** Arguments: x, y, rows, rounds of a row, weight, bias, the bits of epsilon, and those of a row's length. */
    static Routine rows(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), rounds = c.argument(3), weight = c.argument(4), bias = c.argument(5);
        Value[] sums = sums(c), squares = sums(c);
        c.repeat(c.argument(2), () -> {
            clear(c, sums);
            rounds(c, rounds, x, (i, v) -> c.set(sums[i], c.add(sums[i], v)));
            Value center = c.div(sum(c, sums), c.spread(c.argument(7)));
            clear(c, sums);
            clear(c, squares);
            rounds(c, rounds, x, (i, v) -> {
                Value d = c.sub(v, center);
                c.set(sums[i], c.add(sums[i], d));
                c.set(squares[i], c.fma(d, d, squares[i]));
            });
            Value n = c.spread(c.argument(7)); // made where it is used, to leave registers
            Value excess = c.div(sum(c, sums), n), square = c.div(sum(c, squares), n);
            Value variance = c.max(c.constant(0), c.sub(square, c.mul(excess, excess)));
            Value scale = inverseRoot(c, c.doubles.of(variance), c.doubles.of(c.spread(c.argument(6))));
            Value shift = c.mul(c.xor(excess, c.bits(Integer.MIN_VALUE)), scale);
            Gpr w = c.copy(weight), b = c.copy(bias);
            c.repeat(rounds, () -> {
                for (int at = 0; at < 4 * ROUND; at += c.bytes()) {
                    Value hat = c.fma(c.sub(c.load(x, at), center), scale, shift);
                    c.store(c.fma(hat, c.load(w, at), c.load(b, at)), y, at);
                }
                for (Gpr g : List.of(x, y, w, b)) c.advance(g, 4 * ROUND);
            });
            c.release(b);
            c.release(w);
        });
        return c.routine("layer_norm");
    }

    /** The work on a vector of a round, by its number. */
    interface Body {
        void write(int which, Value v);
    }

    /** A variable for each vector of a round. */
    static Value[] sums(VectorCode c) {
        Value[] sums = new Value[4 * ROUND / c.bytes()];
        for (int i = 0; i < sums.length; i++) sums[i] = c.variable(c.constant(0));
        return sums;
    }

    static void clear(VectorCode c, Value[] variables) { for (Value v : variables) c.set(v, c.constant(0)); }

    /** The sum of all: the first half of a round and the second, then {@link Vec#sumSide}. */
    static Value sum(VectorCode c, Value[] sums) {
        Value[] side = new Value[sums.length / 2];
        for (int i = 0; i < side.length; i++) side[i] = c.add(sums[i], sums[side.length + i]);
        return c.sum(side);
    }

    /** A loop over the rounds of a row. */
    static void rounds(VectorCode c, Gpr rounds, Gpr row, Body body) {
        Gpr at = c.copy(row);
        c.repeat(rounds, () -> {
            for (int i = 0; i < 4 * ROUND / c.bytes(); i++) body.write(i, c.load(at, i * c.bytes()));
            c.advance(at, 4 * ROUND);
        });
        c.release(at);
    }

    /** 1 / sqrt(variance + eps) of doubles, rounded to a float, in every element. */
    static Value inverseRoot(VectorCode c, Value variance, Value eps) {
        Value root = c.doubles.sqrt(c.doubles.add(variance, eps));
        return c.first(c.doubles.toFloats(c.doubles.div(c.doubles.of(c.constant(1)), root)));
    }
}
