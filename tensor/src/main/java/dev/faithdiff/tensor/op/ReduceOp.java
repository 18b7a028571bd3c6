package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Sum or mean over axes, which are kept with size 1. Bit d of {@code axes} stands for axis d. */
public record ReduceOp(Kind kind, int axes) implements Op {
    public enum Kind { SUM, MEAN }

    public static ReduceOp of(Kind kind, Tensor x, int... axes) {
        int mask = 0;
        for (int a : axes) mask |= 1 << x.shape().axis(a);
        return new ReduceOp(kind, mask);
    }

    public boolean reduces(int axis) { return (axes >> axis & 1) == 1; }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        Shape s = in[0].shape();
        require(axes >>> s.rank() == 0, in, "an axis to reduce does not exist");
        for (int d = 0; d < s.rank(); d++) if (reduces(d)) s = s.with(d, 1);
        return s;
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        Shape s = in[0].shape();
        double[] sums = new double[Math.toIntExact(out.count())];
        int[] at = new int[s.rank()];
        for (long i = 0; i < in[0].count(); i++) {
            int o = 0;
            for (int d = 0; d < at.length; d++) o = o * out.size(d) + (reduces(d) ? 0 : at[d]);
            sums[o] += in[0].get(i);
            for (int d = at.length - 1; d >= 0 && ++at[d] == s.size(d); d--) at[d] = 0;
        }
        double divisor = kind == Kind.MEAN ? (double) in[0].count() / out.count() : 1;
        for (int o = 0; o < sums.length; o++) out.set(o, sums[o] / divisor);
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        float scale = kind == Kind.MEAN ? (float) out.count() / in[0].count() : 1;
        Tensor zeros = Tensor.zeros(grad.device(), grad.dtype(), in[0].shape());
        return new Tensor[] {zeros.add(grad.mul(scale))};
    }

    @Override public long flops(Tensor[] in) { return in[0].count(); }
}
