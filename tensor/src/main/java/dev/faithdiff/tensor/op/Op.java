package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is computed: a record of attributes that knows its shape rule, its scalar reference, its gradient and its cost. {@link Kernel}s compute it
 * fast. Optional operands come last and are left out when absent.
 */
public sealed interface Op permits UnaryOp, UnaryOp.Grad, PreluOp, PreluOp.Grad, BinaryOp, AffineOp, CastOp, ReduceOp, SoftmaxOp,
        SoftmaxOp.Grad, LinearOp, QuantizedLinearOp, GroupedLinearOp, MatmulOp, Conv2dOp, Conv2dOp.InputGrad, Conv2dOp.WeightGrad, AttentionOp,
        AttentionOp.Grad, GroupNormOp, GroupNormOp.Grad, LayerNormOp, LayerNormOp.Grad, RmsNormOp, RmsNormOp.Grad, GegluOp, GegluOp.Grad,
        ReshapeOp, SliceOp, ConcatOp, PermuteOp, PadOp, ResizeOp, ResizeOp.Grad, PoolOp, PoolOp.Grad, GatherOp, GatherOp.Grad,
        AdamWOp, AdamWOp.Moments, UpsampleConv2dOp.Phases, RoundRowsOp, RopeOp, FusedOp {

    /** The result's shape. @throws OpError if the operands do not fit, saying the rule */
    Shape shape(Tensor[] in);

    /** The result's element type: the activation's, which comes first. */
    default DType dtype(Tensor[] in) { return in[0].dtype(); }

    /** Element offset into the first operand if the result is a view of it; -1 if the op computes. */
    default long view(Tensor[] in) { return -1; }

    /** The definition of the op in plain loops, with sums in double. Every kernel is checked against it. */
    void reference(Tensor[] in, Tensor out);

    /**
     * Gradients with respect to the operands, computed by Tensor methods.
     *
     * @param grad   gradient with respect to {@code out}
     * @param wanted the operands whose gradients are wanted; those of others may be null in the result
     */
    default Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        throw new OpError(name() + " has no gradient");
    }

    /** Element counts of the parts of the result: one part, except for gradients that are computed together and concatenated. */
    default long[] parts(Tensor[] in) { return new long[] {shape(in).count()}; }

    /** Floating-point operations (a multiply-add counts two). */
    default long flops(Tensor[] in) { return shape(in).count(); }

    /** The least number of bytes read and written. */
    default long bytes(Tensor[] in) {
        long n = shape(in).count() * dtype(in).bytes();
        for (Tensor t : in) n += t.bytes();
        return n;
    }

    /** The classes of all ops. */
    static List<Class<? extends Op>> all() { return subclasses(Op.class).toList(); }

    private static Stream<Class<? extends Op>> subclasses(Class<?> kind) {
        return Stream.of(kind.getPermittedSubclasses()).flatMap(c -> c.isInterface() ? subclasses(c) : Stream.of(c.asSubclass(Op.class)));
    }

    /** The class's name with nested names joined by a dot: {@code Conv2dOp.InputGrad}. */
    default String name() { return name(getClass()); }

    /** The name of an op's class. */
    static String name(Class<?> op) {
        Class<?> outer = op.getEnclosingClass();
        return (outer == null ? "" : outer.getSimpleName() + ".") + op.getSimpleName();
    }

    /** Fails with the op, its operands and the rule unless {@code holds}. */
    default void require(boolean holds, Tensor[] in, String rule) {
        if (holds) return;
        StringBuilder s = new StringBuilder(name()).append(" on ");
        for (int i = 0; i < in.length; i++) s.append(i == 0 ? "" : ", ").append(in[i]);
        throw new OpError(s.append(": ").append(rule).toString());
    }

    /** Fails unless there are {@code least} to {@code most} operands. */
    default void requireOperands(Tensor[] in, int least, int most) {
        require(in.length >= least && in.length <= most, in, "takes " + (least == most ? "" : least + " to ") + most + " operands");
    }
}
