package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.Map;

/** How far a result may lie from its reference, as a part of the largest expected magnitude; by element type. */
public final class Tolerance {
    /** For an op or a kernel, by name: the factor on the type's tolerance, and why it differs from 1. */
    private record Exception(double factor, String reason) {}

    private static final Exception MOVES = new Exception(0, "moves data, computes nothing");
    private static final Exception ROUNDS = new Exception(0, "rounds one value, by rules that are exact");

    private static final Map<String, Exception> EXCEPTIONS = Map.of(
            "ReshapeOp", MOVES, "SliceOp", MOVES, "ConcatOp", MOVES, "PermuteOp", MOVES, "PadOp", MOVES, "GatherOp", MOVES,
            "ResizeNearest", MOVES, "ResizeNearestCuda", MOVES,
            "CastOp", ROUNDS);

    private Tolerance() {}

    /** The tolerance of one kernel's result of an element type. */
    public static double of(Op op, String kernel, DType result) {
        double tolerance = of(result);
        for (String name : List.of(op.name(), kernel)) {
            if (EXCEPTIONS.containsKey(name)) tolerance *= EXCEPTIONS.get(name).factor;
        }
        return tolerance;
    }

    /** One step between neighbouring values where they round differently, a sum of some thousand terms in F32. */
    private static double of(DType result) {
        return switch (result) {
            case F32 -> 5e-6;
            case F16 -> 0x1p-10;
            case BF16 -> 0x1p-7;
            case F8_E4M3 -> 0x1p-3;
            default -> 0;
        };
    }

    /** Of finite differences in F32: rounding of the function over the step, and the formula's fourth-order error. */
    static double ofFiniteDifferences() { return 5e-4; }
}
