package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** {@code x * scale + shift} with constants, rounded once. */
public record AffineOp(float scale, float shift) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        return in[0].shape();
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, (double) in[0].get(i) * scale + shift);
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {grad.mul(scale)};
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count(); }
}
