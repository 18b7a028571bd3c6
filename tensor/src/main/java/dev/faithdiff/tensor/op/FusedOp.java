package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;

/**
 * An op that other ops can compute one after the other. A kernel may compute it whole. Where none takes the case, and where a tape records, the
 * {@link Engine} runs the composition, so it has no gradient of its own.
 */
public sealed interface FusedOp extends Op permits LinearAddOp, LinearGegluOp, Conv2dAddOp, UpsampleConv2dOp, SelfAttentionOp, NormedOp {
    /** The op computed by other ops; the result is new. */
    Tensor compose(Tensor[] in);

    /** The composition on references in F32, rounded once: a kernel need not round between the parts. */
    @Override default void reference(Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor y = Engine.onReferences(() -> {
                Tensor[] wide = new Tensor[in.length];
                for (int i = 0; i < in.length; i++) wide[i] = in[i].to(DType.F32);
                return compose(wide);
            });
            for (long i = 0; i < out.count(); i++) out.set(i, y.get(i));
        }
    }

    /** {@code y + addend}, in the memory of y, which is new, unless a tape keeps y. */
    static Tensor add(Tensor y, Tensor addend) {
        BinaryOp op = new BinaryOp(BinaryOp.Kind.ADD);
        if (Tape.keeps(y, addend)) return Engine.run(op, y, addend);
        Engine.update(op, y, y, addend);
        Tape.record(op, new Tensor[] {y, addend}, y);
        return y;
    }
}
