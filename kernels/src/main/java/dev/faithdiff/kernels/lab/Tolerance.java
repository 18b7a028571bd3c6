package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;
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

    /**
     * Rounding errors have any sign, independently: by Hoeffding's inequality a sum of terms of up to c is in about one of 10^12 sums more than 7.5
     * times the root of the sum of c squared.
     */
    private static final double SPREAD = 7.5;

    private static final Exception NARROW = narrow(1, "rounds both factors of each product to BF16, each by up to 2^-9");

    /**
     * Operands are normal numbers. Let S be the sum of a result's squared products. Each product has two independent errors of up to 2^-9 of it,
     * so by Hoeffding's inequality no error of N results exceeds {@code 2^-8.5 sqrt(2 ln(2N/p)) sqrt(S)} but with probability p. The products' signs
     * are even, so the largest result is about {@code sqrt(2 ln N) sqrt(S)}. For p = 10^-6 the quotient is below 2 2^-8 from N = 8 on.
     */
    private static final Exception NARROW_MATMUL = narrow(2, "the same, relative to the largest of some sums of normal numbers");

    /**
     * To first order a result {@code y = sum(p v)} is off by {@code sum(p v (e + f)) + sum(p (v - y) d)}: e and f of weight and value, up to 2^-9,
     * and d of the score, whose products' squares add up to about 1, so that it is as {@code e + f}. That is twice the variance of a matrix product,
     * beside results as large: the quotient is the root of 2 larger, and for p = 10^-6 below 2 2^-8 from N = 126 on. With one key only the value is
     * rounded.
     */
    private static final Exception NARROW_ATTENTION = narrow(2, "the same for weights and values, and as much again by weights of rounded scores");

    private static final Exception NARROW_WINOGRAD =
            narrow(8.2, "the same before Winograd's output transform, which enlarges errors up to 8.2 times");

    /**
     * Of three roundings of a norm and what takes its result, two come before the last sum: that of the norm's result, which all factors share,
     * and that of the factors. They are independent and as large, so their sum has twice the variance that one has in the op alone.
     */
    private static final Exception NORMED = new Exception(Math.sqrt(2), "rounds the norm's result before its user rounds its own factors");

    private static final Map<String, Exception> EXCEPTIONS = new HashMap<>(Map.of(
            "ReshapeOp", MOVES, "SliceOp", MOVES, "ConcatOp", MOVES, "PermuteOp", MOVES, "PadOp", MOVES, "GatherOp", MOVES,
            "ResizeNearest", MOVES, "ResizeNearestCuda", MOVES, "CastOp", ROUNDS));

    static {
        EXCEPTIONS.put("NormedOp", NORMED);
        EXCEPTIONS.putAll(Map.of("LinearBf16", NARROW, "GroupedLinearBf16", NARROW, "Conv2dImplicitGemmBf16", NARROW,
                "MatmulBf16", NARROW_MATMUL, "AttentionBf16", NARROW_ATTENTION,
                "Conv2dWinogradBf16", NARROW_WINOGRAD, "UpsampleConv2dWinogradBf16", NARROW_WINOGRAD));
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
     * The largest error of a linear layer with a weight in groups whose activations are rounded to bytes, each group with a step of its own: the sum
     * of half a step of x times |w|, or what is likely of it. The weight is as it is stored, and sums of bytes are exact.
     */
    private static double ofGroups(Tensor[] in) {
        int k = GroupedLinearOp.columns(in[1]), group = GroupedLinearOp.GROUP;
        double[] half = new double[k];
        for (long g = 0; g < in[0].count() / group; g++) {
            int at = (int) (g % (k / group)) * group;
            half[at] = Math.max(half[at], greatest(in[0], g, group) / 254);
        }
        double most = 0;
        for (int r = 0; r < in[1].size(0); r++) {
            double sum = 0, squares = 0;
            for (int i = 0; i < k; i++) {
                double v = half[i / group * group] * GroupedLinearOp.number(in[1], r, i) * in[2].get((long) r * (k / group) + i / group);
                sum += Math.abs(v);
                squares += v * v;
            }
            most = Math.max(most, Math.min(sum, SPREAD * Math.sqrt(squares)));
        }
        return 1.002 * most;
    }

    /**
     * The largest error of a linear layer whose rows are rounded to bytes, for these operands: x with steps s of a 127th of its row's greatest
     * magnitude, and w with steps t, or 0 where it is stored in bytes. Each number is off by at most half a step, so of
     * {@code y' - y = sum((x' - x) w) + sum(x' (w' - w))} the first is at most {@code s/2 |w|} and the second {@code t/2 (|x| + K s/2)}, with
     * sums of magnitudes for |w| and |x|, or what is likely of them ({@link #SPREAD}). The step's own rounding moves a number by less than a
     * thousandth of a step more.
     *
     * @param rounds what the kernel rounds to
     */
    static double ofBytes(DType rounds, Op op, Tensor[] in) {
        if (rounds != DType.I8) return 0;
        if (op instanceof GroupedLinearOp) return ofGroups(in);
        int k = in[1].size(1);
        boolean stored = in[1].dtype() == DType.I8;
        double s = 0, t = 0, x = 0, w = 0;
        for (long r = 0; r < in[0].count() / k; r++) {
            s = Math.max(s, greatest(in[0], r, k) / 127);
            x = Math.max(x, sum(in[0], r, k));
        }
        for (int r = 0; r < in[1].size(0); r++) {
            if (!stored) t = Math.max(t, greatest(in[1], r, k) / 127);
            w = Math.max(w, sum(in[1], r, k) * (stored ? Math.abs(in[2].get(r)) : 1));
        }
        return 1.002 * (s / 2 * w + t / 2 * (x + Math.min(k, SPREAD * Math.sqrt(k)) * s / 2));
    }

    private static double greatest(Tensor m, long row, int k) {
        double most = 0;
        for (int i = 0; i < k; i++) most = Math.max(most, Math.abs(m.get(row * k + i)));
        return most;
    }

    /** The most that a row adds up to with factors of up to 1 and any signs. */
    private static double sum(Tensor m, long row, int k) {
        double sum = 0, squares = 0;
        for (int i = 0; i < k; i++) {
            double v = m.get(row * k + i);
            sum += Math.abs(v);
            squares += v * v;
        }
        return Math.min(sum, SPREAD * Math.sqrt(squares));
    }

    /** The tolerance of finite differences in F32: the function's rounding over the step, and the formula's fourth-order error. */
    static double ofFiniteDifferences() { return 5e-4; }
}
