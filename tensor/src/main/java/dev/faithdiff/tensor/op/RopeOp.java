package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Rotary positions (Su et al., RoFormer, arXiv:2104.09864) of x {@code [B, T, heads*d]}, in halves as LLaMA has them: of each head, numbers i and
 * i + d/2 turn by the angle {@code position * theta^(-2i/d)}. Token t has position {@code offset + t}. Angles are rounded to F32.
 *
 * @param offset how many tokens come before the first
 * @param back   turns the other way, which undoes it
 */
public record RopeOp(int heads, float theta, int offset, boolean back) implements Op {
    public RopeOp(int heads, float theta, int offset) { this(heads, theta, offset, false); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() == 3 && heads >= 1 && in[0].size(2) % (2 * heads) == 0, in, "takes [B, T, C] of " + heads + " heads of even width");
        require(offset >= 0 && theta > 0, in, "offset and theta are not negative");
        return in[0].shape();
    }

    /** How fast pair {@code i} of a head of {@code width} numbers turns, in radians for each position. */
    public float frequency(int i, int width) { return (float) (1 / Math.pow(theta, 2f * i / width)); }

    /** The angle of pair {@code i} at a position. */
    public float angle(int position, int i, int width) { return position * frequency(i, width); }

    @Override public void reference(Tensor[] in, Tensor out) {
        int tokens = out.size(1), width = out.size(2) / heads, half = width / 2;
        for (long at = 0; at < out.count(); at += width) {
            int position = offset + (int) (at / out.size(2) % tokens);
            for (int i = 0; i < half; i++) {
                double angle = angle(position, i, width), cos = Math.cos(angle), sin = back ? -Math.sin(angle) : Math.sin(angle);
                double a = in[0].get(at + i), b = in[0].get(at + i + half);
                out.set(at + i, a * cos - b * sin);
                out.set(at + i + half, b * cos + a * sin);
            }
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new RopeOp(heads, theta, offset, !back), grad)};
    }

    @Override public long flops(Tensor[] in) { return 3 * in[0].count(); }
}
