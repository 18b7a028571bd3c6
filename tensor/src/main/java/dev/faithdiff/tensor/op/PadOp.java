package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Zero padding of x {@code [B, H, W, C]} on the four sides. */
public record PadOp(int top, int bottom, int left, int right) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() == 4 && top >= 0 && bottom >= 0 && left >= 0 && right >= 0, in, "takes x [B, H, W, C] and sizes of at least 0");
        return in[0].shape().with(1, in[0].size(1) + top + bottom).with(2, in[0].size(2) + left + right);
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        int h = in[0].size(1), w = in[0].size(2), c = in[0].size(3);
        for (long i = 0; i < out.count(); i++) {
            long pixel = i / c, b = pixel / out.size(2) / out.size(1);
            long y = pixel / out.size(2) % out.size(1) - top, x = pixel % out.size(2) - left;
            boolean inside = y >= 0 && y < h && x >= 0 && x < w;
            out.set(i, inside ? in[0].get(((b * h + y) * w + x) * c + i % c) : 0);
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {grad.slice(1, top, top + in[0].size(1)).slice(2, left, left + in[0].size(2))};
    }

    @Override public long flops(Tensor[] in) { return 0; }
}
