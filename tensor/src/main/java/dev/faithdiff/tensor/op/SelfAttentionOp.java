package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * {@link AttentionOp} of x {@code [B, T, C]} on itself, each of query, keys and values through its own weight {@code [C', C]} without bias, to
 * {@code [B, T, C']}: every query sees every key. The operands are x and the three weights.
 */
public record SelfAttentionOp(int heads) implements FusedOp {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 4, 4);
        Shape w = in[1].shape();
        require(in[0].rank() == 3 && w.rank() == 2, in, "takes x [B, T, C] and weights [C', C]");
        require(in[0].size(2) == w.size(1), in, "x ends in " + in[0].size(2) + ", weights take " + w.size(1));
        require(in[2].shape().equals(w) && in[3].shape().equals(w), in, "the three weights have one shape");
        require(heads >= 1 && w.size(0) % heads == 0, in, "width must divide into " + heads + " heads");
        return in[0].shape().with(2, w.size(0));
    }

    @Override public Tensor compose(Tensor[] in) {
        try (Scope s = Scope.open()) {
            Tensor q = in[0].linear(in[1], null), k = in[0].linear(in[2], null), v = in[0].linear(in[3], null);
            return s.keep(q.attention(k, v, heads, false));
        }
    }

    @Override public long flops(Tensor[] in) {
        Shape y = shape(in);
        return 6 * in[0].count() * y.size(2) + 4 * y.count() * y.size(1);
    }
}
