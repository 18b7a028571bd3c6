package dev.faithdiff.sample;

import dev.faithdiff.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Euler's method in the noise level, plain or ancestral (diffusers EulerDiscreteScheduler, EulerAncestralDiscreteScheduler; Karras et
 * al. 2022, algorithm 2 without churn).
 */
public final class EulerSampler implements Sampler {
    private final double[] timesteps;
    private final float[] sigmas;
    private final boolean ancestral, outside;

    public EulerSampler(NoiseSchedule schedule, int steps, boolean ancestral) {
        if (steps < 1 || steps > schedule.timesteps()) {
            throw new IllegalArgumentException("steps must be 1.." + schedule.timesteps() + ", not " + steps);
        }
        timesteps = schedule.timesteps(steps);
        sigmas = new float[steps + 1];
        for (int i = 0; i < steps; i++) sigmas[i] = (float) schedule.sigma(timesteps[i]);
        this.ancestral = ancestral;
        outside = schedule.spacing() == NoiseSchedule.Spacing.LEADING;
    }

    @Override public double[] timesteps() { return timesteps.clone(); }

    /** Noise levels of the steps, and 0 at the end. */
    public float[] sigmas() { return sigmas.clone(); }

    /** Leading spacing never visits pure noise, so its start counts the signal's own variance in. */
    @Override public float initNoiseSigma() {
        float max = sigmas[0];
        return outside ? (float) Math.sqrt(max * max + 1) : max;
    }

    @Override public Tensor scaleInput(Tensor x, int step) { return x.mul((float) (1 / Math.sqrt(sigmas[step] * sigmas[step] + 1))); }

    @Override public Tensor step(Tensor x, Tensor eps, int step, Supplier<Tensor> noise) {
        double from = sigmas[step], to = sigmas[step + 1];
        if (!ancestral) return x.add(eps.mul((float) (to - from)));
        double up = Math.sqrt(to * to * (from * from - to * to) / (from * from)), down = Math.sqrt(to * to - up * up);
        return x.add(eps.mul((float) (down - from))).add(noise.get().mul((float) up));
    }
}
