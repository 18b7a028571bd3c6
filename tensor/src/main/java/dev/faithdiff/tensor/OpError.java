package dev.faithdiff.tensor;

/** An operation that cannot be done on its operands: the message names the op, the operands and the rule. */
public final class OpError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OpError(String message) { super(message); }
}
