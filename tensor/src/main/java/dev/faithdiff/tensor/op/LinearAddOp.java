package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * {@link LinearOp} and an addend, {@code y = x W^T + b + addend}: x {@code [..., K]}, weight {@code [N, K]}, addend {@code [..., N]}, bias
 * {@code [N]} or absent.
 */
public record LinearAddOp() implements FusedOp {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 4);
        Shape y = new LinearOp().shape(linear(in));
        require(in[2].shape().equals(y), in, "the addend has the result's shape " + y);
        return y;
    }

    private static Tensor[] linear(Tensor[] in) { return in.length > 3 ? new Tensor[] {in[0], in[1], in[3]} : new Tensor[] {in[0], in[1]}; }

    @Override public Tensor compose(Tensor[] in) { return FusedOp.add(Engine.run(new LinearOp(), linear(in)), in[2]); }

    @Override public long flops(Tensor[] in) { return new LinearOp().flops(linear(in)) + in[2].count(); }
}
