package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * The parameter p after one step of Adam with decoupled weight decay (Loshchilov and Hutter 2019; torch.optim.AdamW):
 * {@code p (1 - rate decay) - rate m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + epsilon)}. Operands are p of N elements and its moments
 * {@code [2, N]} in F32: the mean m and the mean of squares v, which {@link Moments} has already updated in this step.
 *
 * <p>A step is two ops with one result each, first the moments and then the parameter, both run by {@link Engine#update}.
 *
 * @param step number of this step, from 1
 */
public record AdamWOp(double rate, double beta1, double beta2, double epsilon, double decay, long step) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        require(step >= 1, in, "steps are counted from 1, not " + step);
        requireMoments(this, in, in[1], in[0]);
        return in[0].shape();
    }

    private static void requireMoments(Op op, Tensor[] in, Tensor moments, Tensor like) {
        op.require(moments.dtype() == DType.F32 && moments.rank() == 2 && moments.size(0) == 2 && moments.size(1) == like.count(), in,
                "moments must be F32[2, " + like.count() + "]");
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        double meanRate = rate / (1 - Math.pow(beta1, step)), correction = 1 - Math.pow(beta2, step);
        long n = out.count();
        for (long i = 0; i < n; i++) {
            double m = in[1].get(i), v = in[1].get(n + i);
            out.set(i, in[0].get(i) * (1 - rate * decay) - meanRate * m / (Math.sqrt(v / correction) + epsilon));
        }
    }

    @Override public long flops(Tensor[] in) { return 7 * in[0].count(); }

    /**
     * The moments {@code [2, N]} updated with a gradient g of N elements: {@code m beta1 + (1 - beta1) s g} and
     * {@code v beta2 + (1 - beta2) (s g)^2}.
     *
     * @param scale s, a factor of the gradient (clipping, loss scaling, accumulation)
     */
    public record Moments(double beta1, double beta2, double scale) implements Op {
        @Override public Shape shape(Tensor[] in) {
            requireOperands(in, 2, 2);
            requireMoments(this, in, in[0], in[1]);
            return in[0].shape();
        }

        @Override public long[] parts(Tensor[] in) { return new long[] {in[1].count(), in[1].count()}; }

        @Override public void reference(Tensor[] in, Tensor out) {
            long n = in[1].count();
            for (long i = 0; i < n; i++) {
                double g = scale * in[1].get(i);
                out.set(i, in[0].get(i) * beta1 + (1 - beta1) * g);
                out.set(n + i, in[0].get(n + i) * beta2 + (1 - beta2) * g * g);
            }
        }

        @Override public long flops(Tensor[] in) { return 8 * in[1].count(); }
    }
}
