package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.op.Op;
import java.util.Arrays;
import java.util.List;

/** Every op there is. */
final class Ops {
    private Ops() {}

    static List<Class<?>> all() { return Arrays.asList(Op.class.getPermittedSubclasses()); }

    /** True for the ops that compute another op's gradient. */
    static boolean isGradient(Class<?> op) { return op.getEnclosingClass() != null; }
}
