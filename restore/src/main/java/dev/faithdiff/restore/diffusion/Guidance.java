package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;

/**
 * Classifier-free guidance: how far predictions go beyond the negative prompt's.
 *
 * @param scale   1 and below: none, the prompt's prediction alone
 * @param rescale share of the correction that brings the standard deviation back to the prompt's (Lin et al. 2023, section 3.4)
 */
public record Guidance(double scale, double rescale) {
    public boolean active() { return scale > 1; }

    /** @param eps predictions for the negative prompt and the prompt, {@code [2, h, w, C]}; one row where guidance is not active */
    public Tensor apply(Tensor eps) {
        if (!active()) return eps;
        Tensor negative = eps.slice(0, 0, 1), text = eps.slice(0, 1, 2);
        Tensor guided = negative.add(text.sub(negative).mul((float) scale));
        if (rescale <= 0) return guided;
        return guided.mul((float) (rescale * deviation(text) / deviation(guided) + 1 - rescale));
    }

    private static double deviation(Tensor x) {
        float[] v = x.toFloats();
        double sum = 0, squares = 0;
        for (float f : v) sum += f;
        for (float f : v) squares += (f - sum / v.length) * (f - sum / v.length);
        return Math.sqrt(squares / (v.length - 1));
    }
}
