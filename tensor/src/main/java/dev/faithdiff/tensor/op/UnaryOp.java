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
    /** GELU is the exact one with erf; QUICK_GELU is {@code x * sigmoid(1.702 x)}. */
    public enum Kind { SILU, GELU, QUICK_GELU, SIGMOID, EXP, SQRT, ABS, SIGN, LEAKY_RELU, CLAMP }

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
            case QUICK_GELU -> x * sigmoid(1.702 * x);
            case SIGMOID -> sigmoid(x);
            case EXP -> Math.exp(x);
            case SQRT -> Math.sqrt(x);
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case LEAKY_RELU -> x >= 0 ? x : a * x;
            case CLAMP -> Math.min(Math.max(x, a), b);
        };
    }

    /** The derivative at x. */
    private double slope(double x) {
        double s;
        return switch (kind) {
            case SILU -> (s = sigmoid(x)) * (1 + x * (1 - s));
            case GELU -> 0.5 * (1 + Erf.erf(x / Math.sqrt(2))) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
            case QUICK_GELU -> (s = sigmoid(1.702 * x)) * (1 + 1.702 * x * (1 - s));
            case SIGMOID -> (s = sigmoid(x)) * (1 - s);
            case EXP -> Math.exp(x);
            case SQRT -> 0.5 / Math.sqrt(x);
            case ABS -> Math.signum(x);
            case SIGN -> 0;
            case LEAKY_RELU -> x > 0 ? 1 : a; // at zero the negative side's, as published
            case CLAMP -> x < a || x > b ? 0 : 1;
        };
    }

    static double sigmoid(double x) { return 1 / (1 + Math.exp(-x)); }

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
