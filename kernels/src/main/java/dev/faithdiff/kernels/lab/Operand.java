package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.random.RandomGenerator;

/**
 * One operand of a case: its role, which decides its element type, the distribution of its values, and its shape.
 *
 * @param rows INDEX values are below this
 */
public record Operand(Role role, Values values, int rows, Shape shape) {
    /** A weight may be stored narrower than the activations; scales of its groups are F16. */
    public enum Role { ACTIVATION, WEIGHT, SCALE, INDEX }

    /**
     * NORMAL is standard normal. EVEN is that over the root of the last size, for weights whose products are as large as their activations. WIDE is
     * 30 times NORMAL and starts with an exact zero, for saturation and overflow. AWAY is at least 1/2 from zero and 1/16 from each multiple of 1/8,
     * for functions with kinks or poles; POSITIVE is its absolute value. DISTINCT is at least 1/8 apart among 1009 values in a row, for functions
     * that choose the largest.
     */
    public enum Values { NORMAL, EVEN, WIDE, AWAY, POSITIVE, DISTINCT, INDEX }

    /** An activation of NORMAL values. */
    public static Operand x(int... sizes) { return new Operand(Role.ACTIVATION, Values.NORMAL, 0, Shape.of(sizes)); }

    /** A weight of NORMAL values. */
    public static Operand w(int... sizes) { return new Operand(Role.WEIGHT, Values.NORMAL, 0, Shape.of(sizes)); }

    /** An activation of other values. */
    public static Operand x(Values values, int... sizes) { return new Operand(Role.ACTIVATION, values, 0, Shape.of(sizes)); }

    /** A weight of other values. */
    public static Operand w(Values values, int... sizes) { return new Operand(Role.WEIGHT, values, 0, Shape.of(sizes)); }

    /** Scales of the groups of a weight. */
    public static Operand scale(int... sizes) { return new Operand(Role.SCALE, Values.EVEN, 0, Shape.of(sizes)); }

    /** Indices from 0 to rows - 1. */
    public static Operand index(int rows, int... sizes) { return new Operand(Role.INDEX, Values.INDEX, rows, Shape.of(sizes)); }

    /** A tensor of these values on the CPU, in the current scope. */
    Tensor draw(DType dtype, RandomGenerator random) {
        Tensor t = Tensor.empty(Device.CPU, dtype, shape);
        for (long i = 0; i < t.count(); i++) t.set(i, value(i, random));
        return t;
    }

    private double value(long i, RandomGenerator random) {
        return switch (values) {
            case NORMAL -> random.nextGaussian();
            case EVEN -> random.nextGaussian() / Math.sqrt(shape.size(-1));
            case WIDE -> i == 0 ? 0 : 30 * random.nextGaussian();
            case AWAY -> random.nextBoolean() ? away(random) : -away(random);
            case POSITIVE -> away(random);
            case DISTINCT -> (i % 1009 * 389 % 1009 - 504) / 8.0 + 1 / 16.0;
            case INDEX -> random.nextInt(rows);
        };
    }

    private static double away(RandomGenerator random) { return Math.floor(8 * Math.abs(random.nextGaussian())) / 8 + 9 / 16.0; }
}
