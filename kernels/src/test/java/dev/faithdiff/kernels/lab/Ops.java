package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.op.AdamWOp;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.QuantizedLinearOp;
import dev.faithdiff.tensor.op.RoundRowsOp;
import java.util.List;

/** Every op there is. */
final class Ops {
    private Ops() {}

    static List<Class<? extends Op>> all() { return Op.all(); }

    /** True for the ops that have no gradient: those that compute another op's, updates of parameters, and what only inference needs. */
    static boolean hasNoGradient(Class<?> op) { return op.getEnclosingClass() != null || op == AdamWOp.class || op == QuantizedLinearOp.class
            || op == GroupedLinearOp.class || op == RoundRowsOp.class; }
}
