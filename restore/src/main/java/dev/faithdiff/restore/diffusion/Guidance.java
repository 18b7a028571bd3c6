package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Tensor;

/**
 * Classifier-free guidance: predictions move away from the negative prompt's, beyond the prompt's.
 *
 * @param scale   how far; 1 and below: no guidance, the prompt's prediction alone
 * @param rescale how far the standard deviation is brought back to that of the prompt's prediction, 0..1 (Lin et al. 2023, section 3.4)
 * @param above   steps are guided that begin at more noise over signal than this,
 * @param upTo    and at this at most (Kynkaanniemi et al. 2024)
 * @param grows   whether the scale is 1 in the first step and only grows to one more than {@code scale} in the last (DiffBIR rescale_cfg)
 */
public record Guidance(double scale, double rescale, double above, double upTo, boolean grows) {
    /** How late the scale grows, and the timesteps of the training that it counts. */
    private static final double LATE = 5, TIMESTEPS = 1000;

    /** With the same scale in all guided steps. */
    public Guidance(double scale, double rescale, double above, double upTo) { this(scale, rescale, above, upTo, false); }

    /** In all steps. */
    public Guidance(double scale, double rescale) { this(scale, rescale, 0, Double.POSITIVE_INFINITY); }

    /** Whether predictions for a negative prompt may be needed. */
    public boolean active() { return scale > 1; }

    /** Whether they are needed in a step. @param sigma noise over signal before it */
    public boolean active(double sigma) { return active() && sigma > above && sigma <= upTo; }

    /** The scale at a timestep of the training. */
    double scale(double timestep) {
        return grows ? 1 + scale * (1 - Math.cos(Math.PI * Math.pow((TIMESTEPS - timestep) / TIMESTEPS, LATE))) / 2 : scale;
    }

    /**
     * The guided prediction {@code [1, h, w, C]}.
     *
     * @param eps      of negative prompt and prompt, {@code [2, h, w, C]}, or of the prompt alone
     * @param timestep of the training
     */
    public Tensor apply(Tensor eps, double timestep) {
        if (eps.size(0) == 1) return eps;
        Tensor negative = eps.slice(0, 0, 1), text = eps.slice(0, 1, 2);
        Tensor guided = negative.add(text.sub(negative).mul((float) scale(timestep)));
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
