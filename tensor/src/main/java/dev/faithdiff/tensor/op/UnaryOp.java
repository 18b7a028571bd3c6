package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Elementwise functions of one operand.
 *
 * @param a the negative slope of LEAKY_RELU, the lower bound of CLAMP
 * @param b the upper bound of CLAMP
 */
public record UnaryOp(Kind kind, float a, float b) implements Op {
    private static final double ROOT_2_PI = Math.sqrt(2 / Math.PI), CUBE = 0.044715;

    /**
     * GELU is the exact one with erf; GELU_TANH is its approximation {@code x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))};
     * QUICK_GELU is {@code x * sigmoid(1.702 x)}. LOG is the natural logarithm.
     */
    public enum Kind { SILU, GELU, GELU_TANH, QUICK_GELU, SIGMOID, TANH, EXP, LOG, SQRT, ABS, SIGN, RELU, LEAKY_RELU, CLAMP }

    public UnaryOp(Kind kind, float a) { this(kind, a, 0); }

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        return in[0].shape();
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        for (long i = 0; i < out.count(); i++) out.set(i, value(in[0].get(i)));
    }

    private double value(double x) {
        return switch (kind) {
            case SILU -> x * sigmoid(x);
            case GELU -> 0.5 * x * (1 + Erf.erf(x / Math.sqrt(2)));
            case GELU_TANH -> x * sigmoid(geluTanhLogit(x));
            case QUICK_GELU -> x * sigmoid(1.702 * x);
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case SQRT -> Math.sqrt(x);
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case RELU -> x < 0 ? 0 : x;
            case LEAKY_RELU -> x >= 0 ? x : a * x;
            case CLAMP -> Math.min(Math.max(x, a), b);
        };
    }

    /** The derivative at x. */
    private double slope(double x) {
        return switch (kind) {
            case SILU -> siluSlope(x, 1);
            case GELU -> 0.5 * (1 + Erf.erf(x / Math.sqrt(2))) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
            case GELU_TANH -> {
                double s = sigmoid(geluTanhLogit(x));
                yield s * (1 + x * (1 - s) * 2 * ROOT_2_PI * (1 + 3 * CUBE * x * x));
            }
            case QUICK_GELU -> siluSlope(x, 1.702);
            case SIGMOID -> sigmoid(x) * (1 - sigmoid(x));
            case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
            case EXP -> Math.exp(x);
            case LOG -> 1 / x;
            case SQRT -> 0.5 / Math.sqrt(x);
            case ABS -> Math.signum(x);
            case SIGN -> 0;
            case RELU -> x > 0 ? 1 : 0;
            case LEAKY_RELU -> x > 0 ? 1 : a; // at zero the negative side's, as in PyTorch
            case CLAMP -> x < a || x > b ? 0 : 1;
        };
    }

    static double sigmoid(double x) { return 1 / (1 + Math.exp(-x)); }

    /** The derivative of {@code x sigmoid(k x)}. */
    private static double siluSlope(double x, double k) {
        double s = sigmoid(k * x);
        return s * (1 + k * x * (1 - s));
    }

    /** What GELU_TANH takes the sigmoid of: (1 + tanh(u))/2 is sigmoid(2 u). */
    private static double geluTanhLogit(double x) { return 2 * ROOT_2_PI * (x + CUBE * x * x * x); }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        return new Tensor[] {Engine.run(new Grad(this), in[0], grad)};
    }

    @Override public long flops(Tensor[] in) { return 4 * in[0].count(); }

    /** {@code grad * f'(x)} of operands x and grad. */
    public record Grad(UnaryOp of) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            require(in[0].shape().equals(in[1].shape()), in, "x and its gradient have one shape");
            return in[0].shape();
        }

        @Override public void reference(Tensor[] in, Tensor out) {
            for (long i = 0; i < out.count(); i++) out.set(i, of.slope(in[0].get(i)) * in[1].get(i));
        }
    }
}
