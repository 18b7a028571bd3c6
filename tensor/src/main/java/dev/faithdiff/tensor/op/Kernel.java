package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Tensor;

/**
 * How one op is computed on one kind of device. {@link #run} checks nothing: {@link Op#shape} has checked the operands, and {@link #refuses} has
 * accepted the case.
 */
public interface Kernel<O extends Op> {
    /** Op and technique: {@code Conv2dImplicitGemm}. */
    default String name() { return getClass().getSimpleName(); }

    /** The op this kernel computes. */
    Class<O> op();

    /** Null if the kernel can compute this case, else the reason in words. */
    default String refuses(O op, Tensor[] in) { return null; }

    /** Fills {@code out}, whose contents are undefined before. */
    void run(O op, Tensor[] in, Tensor out);
}
