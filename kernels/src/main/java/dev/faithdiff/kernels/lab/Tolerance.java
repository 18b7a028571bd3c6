package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Op;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The largest allowed difference of a result from its reference, relative to the largest expected magnitude; by element type. */
public final class Tolerance {
    /** The factor on the type's tolerance for one op or kernel, and why it is not 1. */
    private record Exception(double factor, String reason) {}

    private static final Exception MOVES = new Exception(0, "moves data, computes nothing");
    private static final Exception ROUNDS = new Exception(0, "rounds single values by an exact rule");

    private static final Exception NARROW = narrow(1, "rounds both factors of each product to BF16, each by up to 2^-9");

    private static final Map<String, Exception> EXCEPTIONS = new HashMap<>(Map.of(
            "ReshapeOp", MOVES, "SliceOp", MOVES, "ConcatOp", MOVES, "PermuteOp", MOVES, "PadOp", MOVES, "GatherOp", MOVES,
            "ResizeNearest", MOVES, "ResizeNearestCuda", MOVES, "CastOp", ROUNDS));

    static {
        EXCEPTIONS.putAll(Map.of("LinearBf16", NARROW, "Conv2dImplicitGemmBf16", NARROW,
                "MatmulBf16", narrow(2, "the same; in the smallest cases the products' magnitudes add up to twice the largest result"),
                "AttentionBf16", narrow(2, "the same for weights and values, and as much again by weights of rounded scores"),
                "Conv2dWinogradBf16", narrow(8.2, "the same before Winograd's output transform, which enlarges errors up to 8.2 times")));
    }

    private Tolerance() {}

    private static Exception narrow(double times, String reason) { return new Exception(times * 0x1p-8 / of(DType.F32), reason); }

    /** The tolerance of one kernel's result of an element type. */
    public static double of(Op op, String kernel, DType result) {
        double tolerance = of(result);
        for (String name : List.of(op.name(), kernel)) {
            if (EXCEPTIONS.containsKey(name)) tolerance *= EXCEPTIONS.get(name).factor;
        }
        return tolerance;
    }

    /** For narrow types one step between neighbouring values, which may round differently; for F32 a sum of some thousand terms. */
    private static double of(DType result) {
        return switch (result) {
            case F32 -> 5e-6;
            case F16 -> 0x1p-10;
            case BF16 -> 0x1p-7;
            case F8_E4M3 -> 0x1p-3;
            default -> 0;
        };
    }

    /**
     * The largest error of a linear layer whose rows are rounded to bytes, for these operands: x with steps s of a 127th of its row's greatest
     * magnitude, and w with steps t, or 0 where it is stored in bytes. Each number is off by at most half a step, so of
     * {@code y' - y = sum((x' - x) w) + sum(x' (w' - w))} the first is at most {@code s/2 sum|w|} and the second {@code t/2 (sum|x| + K s/2)}. The step's own
     * rounding moves a number by less than a thousandth of a step more.
     *
     * @param rounds what the kernel rounds to
     */
    static double ofBytes(DType rounds, Tensor[] in) {
        if (rounds != DType.I8) return 0;
        int k = in[1].size(1);
        boolean stored = in[1].dtype() == DType.I8;
        double s = 0, t = 0, xs = 0, ws = 0;
        for (long r = 0; r < in[0].count() / k; r++) {
            s = Math.max(s, greatest(in[0], r, k) / 127);
            xs = Math.max(xs, sum(in[0], r, k));
        }
        for (int r = 0; r < in[1].size(0); r++) {
            if (!stored) t = Math.max(t, greatest(in[1], r, k) / 127);
            ws = Math.max(ws, sum(in[1], r, k) * (stored ? Math.abs(in[2].get(r)) : 1));
        }
        return 1.002 * (s / 2 * ws + t / 2 * (xs + k * s / 2));
    }

    private static double greatest(Tensor m, long row, int k) {
        double most = 0;
        for (int i = 0; i < k; i++) most = Math.max(most, Math.abs(m.get(row * k + i)));
        return most;
    }

    private static double sum(Tensor m, long row, int k) {
        double sum = 0;
        for (int i = 0; i < k; i++) sum += Math.abs(m.get(row * k + i));
        return sum;
    }

    /** The tolerance of finite differences in F32: the function's rounding over the step, and the formula's fourth-order error. */
    static double ofFiniteDifferences() { return 5e-4; }
}
