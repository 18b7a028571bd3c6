package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;

/**
 * Classifier-free guidance: predictions move away from the negative prompt's, beyond the prompt's.
 *
 * @param scale   how far; 1 and below: no guidance, the prompt's prediction alone
 * @param rescale how far the standard deviation is brought back to that of the prompt's prediction, 0..1 (Lin et al. 2023, section 3.4)
 */
public record Guidance(double scale, double rescale) {
    /** Whether predictions for a negative prompt are needed. */
    public boolean active() { return scale > 1; }

    /** The guided prediction {@code [1, h, w, C]}. @param eps of negative prompt and prompt, {@code [2, h, w, C]}; not active: of the prompt */
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
