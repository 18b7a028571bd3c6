package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** {@link GegluOp} of {@link LinearOp}: x {@code [..., K]}, weight {@code [2C, K]}, bias {@code [2C]} or absent, to {@code [..., C]}. */
public record LinearGegluOp() implements FusedOp {
    @Override public Shape shape(Tensor[] in) {
        Shape wide = new LinearOp().shape(in);
        require(wide.size(-1) % 2 == 0, in, "takes a weight of an even number of rows");
        return wide.with(-1, wide.size(-1) / 2);
    }

    @Override public Tensor compose(Tensor[] in) {
        try (Scope s = Scope.open()) {
            return s.keep(Engine.run(new LinearOp(), in).geglu());
        }
    }

    @Override public long flops(Tensor[] in) { return new LinearOp().flops(in) + 8 * shape(in).count(); }
}
