package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Collection;

/** Clipping of all gradients by their common norm (torch.nn.utils.clip_grad_norm_). */
public final class GradClip {
    private static final double EPS = 1e-6;

    private GradClip() {}

    /** The Euclidean norm of all gradients as one vector; NaN or infinite where one of them is. */
    public static double norm(Collection<Tensor> gradients) {
        double sum = 0;
        for (Tensor g : gradients) {
            try (Scope _ = Scope.open()) {
                Tensor flat = g.to(DType.F32).reshape(-1);
                sum += flat.mul(flat).sum(0).item();
            }
        }
        return Math.sqrt(sum);
    }

    /** The factor that brings a norm down to {@code max}: {@code min(1, max / (norm + 1e-6))}. */
    public static double scale(double norm, double max) { return Math.min(1, max / (norm + EPS)); }
}
