package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.SIDE;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/** {@link AttentionOne} as machine code, for F16 keys in heads of 128, each with one of the query's; to the bits of {@link AttentionOneVector}. */
public final class AttentionOneEmitted implements AttentionOne {
    private static final int WIDTH = 128;

    private static final class Code {
        private static final Routine SCORES = scores(VecCode.start()), SUMS = sums(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(AttentionOp op, Tensor[] in) {
        boolean fits = in[1].dtype() == DType.F16 && op.group() == 1 && in[0].size(2) == WIDTH * op.heads();
        return fits ? AttentionOne.super.refuses(op, in) : "takes F16 keys in heads of " + WIDTH + ", each with one of the query's";
    }

    @Override public void scores(Heads h, long q, long keys, long scores) {
        Code.SCORES.call(q, keys, scores, h.tokens(), h.count(), h.step() - 2L * WIDTH * h.count(), 4L * h.stride(), 0);
    }

    @Override public void sums(Heads h, long weights, long values, long y) {
        Code.SUMS.call(y, values, weights, h.tokens(), h.count(), h.step() - 2L * WIDTH * h.count(), 4L * h.stride(), 0);
    }

    /** Arguments: the query, keys, scores, tokens, heads, bytes from a token's last head to the next token, from a head's scores to the next's. */
    static Routine scores(VectorCode c) {
        Value[] sums = new Value[4 * SIDE / c.bytes()];
        for (int i = 0; i < sums.length; i++) sums[i] = c.variable(c.bits(0));
        each(c, (q, keys, score) -> {
            for (Value sum : sums) c.set(sum, c.bits(0));
            for (int at = 0; at < 4 * WIDTH; at += c.bytes()) {
                int i = at / c.bytes() % sums.length;
                c.set(sums[i], c.fma(c.load(q, at), c.loadF16(keys, at / 2), sums[i]));
            }
            c.storeFirst(c.sum(sums), score, 0);
        });
        return c.routine("one_scores");
    }

    /** Arguments: the result, values, weights, and as {@link #scores}. */
    static Routine sums(VectorCode c) {
        each(c, (y, values, score) -> {
            Value weight = c.spread(score, 0);
            for (int at = 0; at < 4 * WIDTH; at += c.bytes()) c.store(c.fma(weight, c.loadF16(values, at / 2), c.load(y, at)), y, at);
        });
        return c.routine("one_sums");
    }

    private interface Body {
        void of(Gpr row, Gpr cached, Gpr score);
    }

    private static void each(VectorCode c, Body body) {
        Gpr cached = c.argument(1), scores = c.argument(2);
        c.useUp(c.argument(3), () -> {
            Gpr row = c.copy(c.argument(0)), score = c.copy(scores);
            c.repeat(c.argument(4), () -> {
                body.of(row, cached, score);
                c.advance(row, 4 * WIDTH);
                c.advance(cached, 2 * WIDTH);
                c.advance(score, c.argument(6));
            });
            c.release(score);
            c.release(row);
            c.advance(cached, c.argument(5));
            c.advance(scores, 4);
        });
    }
}
