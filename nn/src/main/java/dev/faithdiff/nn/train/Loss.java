package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Losses: means over all elements, each a scalar that a tape can take gradients of. */
public final class Loss {
    private static final float C1 = 0.01f * 0.01f, C2 = 0.03f * 0.03f;
    private static final float[] LUMA = {0.299f, 0.587f, 0.114f}, WINDOW = gaussian(11, 1.5);

    private Loss() {}

    /** {@code mean |prediction - target|}. */
    public static Tensor l1(Tensor prediction, Tensor target) { return prediction.sub(target).abs().mean(); }

    /** {@code mean (prediction - target)^2}. */
    public static Tensor l2(Tensor prediction, Tensor target) {
        Tensor difference = prediction.sub(target);
        return difference.mul(difference).mean();
    }

    /**
     * Mean structural similarity of the luma of two images {@code [B, H, W, 3]} in -1..1, with sides of at least 11: 1 for equal ones (Wang et
     * al. 2004: Gaussian windows of 11 pixels and deviation 1.5, inside the image).
     */
    public static Tensor ssim(Tensor prediction, Tensor target) {
        try (Scope s = Scope.open()) {
            Tensor x = luma(prediction), y = luma(target);
            int b = x.size(0);
            Tensor all = windows(x.concat(0, y, x.mul(x), y.mul(y), x.mul(y)));
            Tensor mx = all.slice(0, 0, b);
            Tensor my = all.slice(0, b, 2 * b);
            Tensor xy = mx.mul(my);
            Tensor squares = mx.mul(mx).add(my.mul(my));
            Tensor variances = all.slice(0, 2 * b, 3 * b).add(all.slice(0, 3 * b, 4 * b)).sub(squares);
            Tensor covariance = all.slice(0, 4 * b, 5 * b).sub(xy);
            Tensor above = xy.affine(2, C1).mul(covariance.affine(2, C2)), below = squares.affine(1, C1).mul(variances.affine(1, C2));
            return s.keep(above.div(below).mean());
        }
    }

    /** {@code [B, H, W, 1]} in 0..1. */
    private static Tensor luma(Tensor image) {
        return image.conv2d(Tensor.of(LUMA, 1, 1, 1, 3).to(image.device()), null, 1, 0).affine(0.5f, 0.5f);
    }

    private static Tensor windows(Tensor x) {
        Tensor down = Tensor.of(WINDOW, 1, WINDOW.length, 1, 1).to(x.device()), across = Tensor.of(WINDOW, 1, 1, WINDOW.length, 1).to(x.device());
        return x.conv2d(down, null, 1, 0).conv2d(across, null, 1, 0);
    }

    private static float[] gaussian(int length, double deviation) {
        float[] weights = new float[length];
        double sum = 0;
        for (int i = 0; i < length; i++) sum += Math.exp(-Math.pow(i - length / 2, 2) / (2 * deviation * deviation));
        for (int i = 0; i < length; i++) weights[i] = (float) (Math.exp(-Math.pow(i - length / 2, 2) / (2 * deviation * deviation)) / sum);
        return weights;
    }

    /**
     * Divergence of normal distributions from the standard normal for each latent value,
     * {@code mean (mean^2 + variance - 1 - log variance) / 2} (Kingma and Welling 2014, appendix B).
     */
    public static Tensor kl(Tensor mean, Tensor logVariance) {
        return mean.mul(mean).add(logVariance.exp()).sub(logVariance).affine(0.5f, -0.5f).mean();
    }
}
