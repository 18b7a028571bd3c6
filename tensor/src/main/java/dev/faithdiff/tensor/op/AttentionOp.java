package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Scaled dot-product attention: q {@code [B, T, heads*d]}, k {@code [B, S, heads*d]}, v {@code [B, S, heads*e]} to
 * {@code [B, T, heads*e]}, scale 1/sqrt(d). Causal means that query t sees keys 0..t.
 */
public record AttentionOp(int heads, boolean causal) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 3);
        Tensor q = in[0], k = in[1], v = in[2];
        require(q.rank() == 3 && k.rank() == 3 && v.rank() == 3, in, "takes q [B, T, C], k [B, S, C], v [B, S, E]");
        require(q.size(0) == k.size(0) && q.size(0) == v.size(0) && k.size(1) == v.size(1) && q.size(2) == k.size(2), in,
                "batches, key counts and widths must agree");
        require(heads >= 1 && q.size(2) % heads == 0 && v.size(2) % heads == 0, in, "widths must divide into " + heads + " heads");
        return q.shape().with(2, v.size(2));
    }

    /** Factor of the scores: 1/sqrt(head width). */
    public double scale(Tensor[] in) { return 1 / Math.sqrt(in[0].size(2) / (double) heads); }

    /** Probabilities of one query row of one head over the keys; returns how many keys it sees. */
    private int probabilities(Tensor[] in, int b, int h, int t, double[] p) {
        int keys = in[1].size(1), width = in[0].size(2), d = width / heads, seen = causal ? Math.min(t + 1, keys) : keys;
        long q = ((long) b * in[0].size(1) + t) * width + (long) h * d;
        double max = Double.NEGATIVE_INFINITY, sum = 0;
        for (int s = 0; s < seen; s++) {
            long k = ((long) b * keys + s) * width + (long) h * d;
            double dot = 0;
            for (int i = 0; i < d; i++) dot += (double) in[0].get(q + i) * in[1].get(k + i);
            max = Math.max(max, p[s] = dot * scale(in));
        }
        for (int s = 0; s < seen; s++) sum += p[s] = Math.exp(p[s] - max);
        for (int s = 0; s < seen; s++) p[s] /= sum;
        return seen;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int keys = in[1].size(1), width = in[2].size(2), e = width / heads;
        double[] p = new double[keys];
        for (int b = 0; b < out.size(0); b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < out.size(1); t++) {
                    int seen = probabilities(in, b, h, t, p);
                    for (int i = 0; i < e; i++) {
                        double sum = 0;
                        for (int s = 0; s < seen; s++) sum += p[s] * in[2].get(((long) b * keys + s) * width + (long) h * e + i);
                        out.set(((long) b * out.size(1) + t) * width + (long) h * e + i, sum);
                    }
                }
            }
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor all = Engine.run(new Grad(this), in[0], in[1], in[2], grad);
        Tensor[] g = new Tensor[3];
        for (int i = 0; i < 3; i++) if (wanted[i]) g[i] = Grad.part(all, in, i);
        return g;
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(1) * (in[0].size(2) + in[2].size(2)) / in[0].size(2); }

    /**
     * Gradients with respect to q, k and v one behind the other in one result of rank 1, of operands q, k, v, grad; probabilities are
     * computed again, once for all three.
     */
    public record Grad(AttentionOp of) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 4, 4);
            Shape out = of.shape(new Tensor[] {in[0], in[1], in[2]});
            require(out.equals(in[3].shape()), in, "the gradient has the result's shape " + out);
            long count = in[0].count() + in[1].count() + in[2].count();
            require(count <= Integer.MAX_VALUE, in, "gradients of " + count + " numbers do not fit one result");
            return Shape.of((int) count);
        }

        @Override public long[] parts(Tensor[] in) { return new long[] {in[0].count(), in[1].count(), in[2].count()}; }

        /** The gradient of operand {@code operand} (0 q, 1 k, 2 v) in this op's result: a view. */
        public static Tensor part(Tensor out, Tensor[] in, int operand) {
            long first = 0;
            for (int i = 0; i < operand; i++) first += in[i].count();
            return out.view(first, in[operand].shape());
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            int keys = in[1].size(1), width = in[0].size(2), vwidth = in[2].size(2), d = width / of.heads, e = vwidth / of.heads;
            int ks = Math.toIntExact(in[0].count()), vs = ks + Math.toIntExact(in[1].count());
            double[] p = new double[keys], sums = new double[Math.toIntExact(out.count())];
            for (int b = 0; b < in[0].size(0); b++) {
                for (int h = 0; h < of.heads; h++) {
                    for (int t = 0; t < in[0].size(1); t++) {
                        int seen = of.probabilities(in, b, h, t, p);
                        long row = (long) b * in[0].size(1) + t, q = row * width + (long) h * d, g = row * vwidth + (long) h * e;
                        double[] dp = new double[seen];
                        double mean = 0;
                        for (int s = 0; s < seen; s++) {
                            long v = ((long) b * keys + s) * vwidth + (long) h * e;
                            for (int i = 0; i < e; i++) {
                                dp[s] += (double) in[3].get(g + i) * in[2].get(v + i);
                                sums[vs + (int) v + i] += p[s] * in[3].get(g + i);
                            }
                            mean += p[s] * dp[s];
                        }
                        for (int s = 0; s < seen; s++) {
                            double ds = p[s] * (dp[s] - mean) * of.scale(in);
                            long k = ((long) b * keys + s) * width + (long) h * d;
                            for (int i = 0; i < d; i++) {
                                sums[(int) q + i] += ds * in[1].get(k + i);
                                sums[ks + (int) k + i] += ds * in[0].get(q + i);
                            }
                        }
                    }
                }
            }
            for (int i = 0; i < sums.length; i++) out.set(i, sums[i]);
        }

        @Override public long flops(Tensor[] in) { return 2 * in[0].count() * in[1].size(1) * (3L * in[0].size(2) + 2L * in[2].size(2)) / in[0].size(2); }
    }
}
