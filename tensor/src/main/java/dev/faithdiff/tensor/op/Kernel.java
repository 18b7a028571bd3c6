package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;

/**
 * How one op is computed on one kind of device. {@link #run} checks nothing: {@link Op#shape} has checked the operands, and {@link #refuses} has
 * accepted the case. On the CPU no operand is empty: the reference computes those cases.
 */
public interface Kernel<O extends Op> {
    /** Op and technique: {@code Conv2dImplicitGemm}. */
    default String name() { return getClass().getSimpleName(); }

    /** The op this kernel computes. */
    Class<O> op();

    /** The type to which it rounds operands of F32 before it computes, or null; then it runs only where that type is asked for. */
    default DType rounds() { return null; }

    /** The operands as the kernel rounds them, in host memory: its result is checked against the reference of these. */
    default Tensor[] rounded(Tensor[] in) { return in; }

    /** Fills {@code out}, in host memory, with the result that the kernel is checked against. */
    default void expected(O op, Tensor[] in, Tensor out) { op.reference(rounded(in), out); }

    /** Null if this process can run the kernel, else the reason in words, such as instructions that the processor lacks. */
    default String unavailable() { return null; }

    /** Null if the kernel can compute this case where it is available, else the reason in words. */
    default String refuses(O op, Tensor[] in) { return null; }

    /** Null if the kernel can compute this case here, else the reason in words. */
    default String objection(O op, Tensor[] in) {
        String reason = unavailable();
        return reason == null ? refuses(op, in) : reason;
    }

    /** Fills {@code out}, whose contents are undefined before. */
    void run(O op, Tensor[] in, Tensor out);
}
