package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * {@link Conv2dOp} and an addend: x {@code [B, H, W, I]}, weight {@code [O, kh, kw, I/groups]}, addend {@code [B, 1, 1, O]} or of the result's
 * shape, bias {@code [O]} or absent.
 */
public record Conv2dAddOp(Conv2dOp conv) implements FusedOp {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 3, 4);
        Shape y = conv.shape(conv(in)), one = Shape.of(y.size(0), 1, 1, y.size(3));
        require(in[2].shape().equals(y) || in[2].shape().equals(one), in, "the addend has the result's shape " + y + " or is " + one);
        return y;
    }

    private static Tensor[] conv(Tensor[] in) { return in.length > 3 ? new Tensor[] {in[0], in[1], in[3]} : new Tensor[] {in[0], in[1]}; }

    @Override public Tensor compose(Tensor[] in) { return FusedOp.add(Engine.run(conv, conv(in)), in[2]); }

    @Override public long flops(Tensor[] in) { return conv.flops(conv(in)) + shape(in).count(); }
}
