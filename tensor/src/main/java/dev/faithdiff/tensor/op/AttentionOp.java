package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.Consumer;

/**
 * Scaled dot-product attention: q {@code [B, T, heads*d]}, k {@code [B, S, keyHeads*d]}, v {@code [B, S, keyHeads*e]} to
 * {@code [B, T, heads*e]}, scale 1/sqrt(d). An optional bias {@code [1 or B, 1 or heads, 1 or T, S]} is added to the scaled scores before softmax;
 * minus infinity masks a key. Every query must see at least one key.
 *
 * @param keyHeads heads of keys and values, a divisor of {@code heads}; neighbouring query heads share one (grouped-query attention)
 * @param causal   query t sees keys 0 to t + offset
 * @param offset   how many keys come before the first query's own, as with a cache of keys and values; 0 unless causal
 */
public record AttentionOp(int heads, int keyHeads, boolean causal, int offset) implements Op {
    public AttentionOp(int heads, boolean causal) { this(heads, heads, causal, 0); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 4);
        Tensor q = in[0], k = in[1], v = in[2];
        require(q.rank() == 3 && k.rank() == 3 && v.rank() == 3, in, "takes q [B, T, C], k [B, S, C], v [B, S, E]");
        require(heads >= 1 && keyHeads >= 1 && heads % keyHeads == 0, in, heads + " heads do not divide into " + keyHeads + " heads of keys");
        require(q.size(2) % heads == 0 && v.size(2) % keyHeads == 0, in, "widths must divide into " + heads + " heads");
        require(q.size(0) == k.size(0) && q.size(0) == v.size(0) && k.size(1) == v.size(1) && q.size(2) / heads * keyHeads == k.size(2), in,
                "batches, key counts and widths must agree");
        require(offset >= 0 && offset <= (causal ? k.size(1) : 0), in, "the offset is 0 to the number of keys, and 0 unless causal");
        if (in.length > 3) {
            int[] whole = {q.size(0), heads, q.size(1), k.size(1)};
            boolean fits = in[3].rank() == 4 && in[3].size(3) == whole[3];
            for (int d = 0; fits && d < 3; d++) fits = in[3].size(d) == whole[d] || in[3].size(d) == 1;
            require(fits, in, "the bias is [1 or " + whole[0] + ", 1 or " + whole[1] + ", 1 or " + whole[2] + ", " + whole[3] + "]");
        }
        return q.shape().with(2, v.size(2) / keyHeads * heads);
    }

    /** Factor of the scores: 1/sqrt(head width). */
    public double scale(Tensor[] in) { return 1 / Math.sqrt(in[0].size(2) / (double) heads); }

    /** The larger of the widths of a key head and a value head. */
    public int headWidth(Tensor[] in) { return Math.max(in[1].size(2), in[2].size(2)) / keyHeads; }

    /** Query heads that share a head of keys. */
    public int group() { return heads / keyHeads; }

    /** How many keys query {@code t} sees. */
    public int seen(int t, int keys) { return causal ? (int) Math.min(t + 1L + offset, keys) : keys; }

    /** Index of the bias's element for key 0 of a query; those of the other keys follow it. */
    public static long biasRow(Shape bias, int b, int h, int t) {
        long head = (long) (bias.size(0) == 1 ? 0 : b) * bias.size(1) + (bias.size(1) == 1 ? 0 : h);
        return (head * bias.size(2) + (bias.size(2) == 1 ? 0 : t)) * bias.size(3);
    }

    /** The operands of one query of one head. */
    private final class Query {
        final Tensor[] in;
        final int b, h, t, keys, d, e, seen;

        Query(Tensor[] in, int b, int h, int t) {
            this.in = in;
            this.b = b;
            this.h = h;
            this.t = t;
            keys = in[1].size(1);
            d = in[0].size(2) / heads;
            e = in[2].size(2) / keyHeads;
            seen = seen(t, keys);
        }

        long q() { return ((long) b * in[0].size(1) + t) * heads * d + (long) h * d; }

        long y() { return ((long) b * in[0].size(1) + t) * heads * e + (long) h * e; }

        long k(int s) { return (((long) b * keys + s) * keyHeads + h / group()) * d; }

        long v(int s) { return (((long) b * keys + s) * keyHeads + h / group()) * e; }

        /** Probabilities over the keys seen. */
        double[] probabilities(Tensor bias) {
            double[] p = new double[seen];
            double max = Double.NEGATIVE_INFINITY, sum = 0;
            for (int s = 0; s < seen; s++) {
                double dot = 0;
                for (int i = 0; i < d; i++) dot += (double) in[0].get(q() + i) * in[1].get(k(s) + i);
                p[s] = dot * scale(in) + (bias == null ? 0 : bias.get(biasRow(bias.shape(), b, h, t) + s));
                max = Math.max(max, p[s]);
            }
            for (int s = 0; s < seen; s++) {
                p[s] = Math.exp(p[s] - max);
                sum += p[s];
            }
            for (int s = 0; s < seen; s++) p[s] /= sum;
            return p;
        }
    }

    /** Does something for each query of each head. */
    private void each(Tensor[] in, Consumer<Query> body) {
        for (int b = 0; b < in[0].size(0); b++) {
            for (int h = 0; h < heads; h++) for (int t = 0; t < in[0].size(1); t++) body.accept(new Query(in, b, h, t));
        }
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        each(in, r -> {
            double[] p = r.probabilities(in.length > 3 ? in[3] : null);
            for (int i = 0; i < r.e; i++) {
                double sum = 0;
                for (int s = 0; s < r.seen; s++) sum += p[s] * in[2].get(r.v(s) + i);
                out.set(r.y() + i, sum);
            }
        });
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Grad op = new Grad(this, in.length > 3 && wanted[3]);
        Tensor[] all = in.length > 3 ? new Tensor[] {in[0], in[1], in[2], grad, in[3]} : new Tensor[] {in[0], in[1], in[2], grad};
        Tensor result = Engine.run(op, all);
        Tensor[] g = new Tensor[in.length];
        for (int i = 0; i < g.length; i++) if (wanted[i]) g[i] = Grad.part(result, all, i);
        return g;
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(1) * (in[0].size(2) + shape(in).size(2)) / in[0].size(2); }

    /**
     * Gradients with respect to q, k, v and, if wanted, the bias, concatenated into one result of rank 1. Operands are q, k, v, grad and, if there is
     * one, the bias. The probabilities are computed again, once for all gradients.
     *
     * @param bias whether the gradient of the bias is wanted
     */
    public record Grad(AttentionOp of, boolean bias) implements Op {
        public Grad(AttentionOp of) { this(of, false); }

        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, bias ? 5 : 4, 5);
            Shape out = of.shape(in.length > 4 ? new Tensor[] {in[0], in[1], in[2], in[4]} : new Tensor[] {in[0], in[1], in[2]});
            require(out.equals(in[3].shape()), in, "the gradient has the result's shape " + out);
            long count = 0;
            for (long part : parts(in)) count += part;
            require(count <= Integer.MAX_VALUE, in, "gradients of " + count + " numbers do not fit one result");
            return Shape.of((int) count);
        }

        @Override public long[] parts(Tensor[] in) {
            long q = in[0].count(), k = in[1].count(), v = in[2].count();
            return bias ? new long[] {q, k, v, in[4].count()} : new long[] {q, k, v};
        }

        /** The gradient of operand {@code operand} (0 q, 1 k, 2 v, 3 bias) in this op's result: a view. */
        public static Tensor part(Tensor out, Tensor[] in, int operand) {
            long first = 0;
            for (int i = 0; i < operand; i++) first += in[i].count();
            return out.view(first, in[operand == 3 ? 4 : operand].shape());
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int ks = Math.toIntExact(in[0].count());
            int vs = ks + Math.toIntExact(in[1].count());
            int bs = vs + Math.toIntExact(in[2].count());
            double[] sums = new double[Math.toIntExact(out.count())];
            of.each(in, r -> {
                double[] p = r.probabilities(in.length > 4 ? in[4] : null), dp = new double[r.seen];
                double mean = 0;
                for (int s = 0; s < r.seen; s++) {
                    for (int i = 0; i < r.e; i++) {
                        double g = in[3].get(r.y() + i);
                        dp[s] += g * in[2].get(r.v(s) + i);
                        sums[vs + (int) r.v(s) + i] += p[s] * g;
                    }
                    mean += p[s] * dp[s];
                }
                for (int s = 0; s < r.seen; s++) {
                    double score = p[s] * (dp[s] - mean), ds = score * of.scale(in);
                    for (int i = 0; i < r.d; i++) {
                        sums[(int) r.q() + i] += ds * in[1].get(r.k(s) + i);
                        sums[ks + (int) r.k(s) + i] += ds * in[0].get(r.q() + i);
                    }
                    if (bias) sums[bs + (int) biasRow(in[4].shape(), r.b, r.h, r.t) + s] += score;
                }
            });
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        @Override public long flops(Tensor[] in) {
            return 2 * in[0].count() * in[1].size(1) * (3L * in[0].size(2) + 2L * in[3].size(2)) / in[0].size(2);
        }
    }
}
