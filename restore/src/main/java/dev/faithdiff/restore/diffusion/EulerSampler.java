package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Euler's method in the noise level; a share {@code eta} of the noise is drawn anew in each step. This is diffusers' EulerDiscreteScheduler
 * (eta 0), EulerAncestralDiscreteScheduler (eta 1), DDIMScheduler (any eta) and DDPMScheduler (eta 1, variance fixed_small). DDIM and DDPM are
 * the method on latents that keep their variance (Song et al. 2021, section 4.3).
 */
public final class EulerSampler implements Sampler {
    private final Levels levels;
    private final float initNoiseSigma;
    private final boolean keepsVariance;
    private final double eta;
    private final int draws;

    /** @param draws number of the first steps that draw noise */
    private EulerSampler(Levels levels, float initNoiseSigma, boolean keepsVariance, double eta, int draws) {
        this.levels = levels;
        this.initNoiseSigma = initNoiseSigma;
        this.keepsVariance = keepsVariance;
        this.eta = eta;
        this.draws = draws;
    }

    /** EulerDiscreteScheduler. @param end noise over signal after the last step */
    public static EulerSampler euler(NoiseSchedule schedule, int steps, boolean karras, double end) {
        double[] t = schedule.timesteps(steps, false, false);
        Levels levels = karras ? Levels.karras(schedule, schedule.sigma(t[0]), schedule.sigma(t[steps - 1]), steps, false, end)
                : Levels.at(schedule, t, end);
        return new EulerSampler(levels, first(schedule, levels), false, 0, 0);
    }

    /** EulerAncestralDiscreteScheduler. */
    public static EulerSampler ancestral(NoiseSchedule schedule, int steps) {
        Levels levels = Levels.at(schedule, schedule.timesteps(steps, false, false), 0);
        return new EulerSampler(levels, first(schedule, levels), false, 1, steps);
    }

    /** With leading spacing the first timestep is not pure noise, so the first latents also have the signal's variance. */
    private static float first(NoiseSchedule schedule, Levels levels) {
        float max = levels.from()[0];
        return schedule.spacing() == NoiseSchedule.Spacing.LEADING ? (float) Math.sqrt(max * max + 1) : max;
    }

    /** One step from latents without noise to clean latents, at the timestep of the network's training (OSEDiff, Wu et al. 2024). */
    public static EulerSampler oneStep(NoiseSchedule schedule, int timestep) {
        return new EulerSampler(Levels.at(schedule, new double[] {timestep}, 0), 1, true, 0, 0);
    }

    /** DDPMScheduler. As published, no noise is drawn at timestep 0. */
    public static EulerSampler ddpm(NoiseSchedule schedule, int steps) {
        double[] t = schedule.timesteps(steps, false, true);
        return new EulerSampler(Levels.at(schedule, t, 0), 1, true, 1, t[steps - 1] > 0 ? steps : steps - 1);
    }

    /**
     * DDIMScheduler. As published, each step goes down by a fixed number of timesteps, wherever the next step begins.
     *
     * @param end noise over signal below timestep 0
     */
    public static EulerSampler ddim(NoiseSchedule schedule, int steps, double eta, double end) {
        double[] t = schedule.timesteps(steps, false, true);
        float[] to = new float[steps];
        int down = schedule.timesteps() / steps;
        for (int i = 0; i < steps; i++) to[i] = (float) (t[i] < down ? end : schedule.sigma(t[i] - down));
        return new EulerSampler(new Levels(t, Levels.at(schedule, t, end).from(), to), 1, true, eta, eta > 0 ? steps : 0);
    }

    @Override public Levels levels() { return levels; }

    @Override public float initNoiseSigma() { return initNoiseSigma; }

    @Override public Tensor scaleInput(Tensor x, int step) { return keepsVariance ? x : x.mul((float) Levels.alpha(levels.from()[step])); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) {
        return keepsVariance ? Sampler.super.noised(data, noise, step) : data.add(noise.mul(levels.from()[step]));
    }

    @Override public Sampler from(int step) {
        return new EulerSampler(levels.from(step), initNoiseSigma, keepsVariance, eta, Math.max(0, draws - step));
    }

    @Override public Tensor data(Tensor x, Tensor eps, int step) {
        return keepsVariance ? Sampler.super.data(x, eps, step) : x.sub(eps.mul(levels.from()[step]));
    }

    @Override public State begin() { return this::step; }

    private Tensor step(Tensor x, Tensor eps, int step, Supplier<Tensor> noise) {
        double from = levels.from()[step], to = levels.to()[step];
        double up = eta * to * Math.sqrt(from * from - to * to) / from, down = Math.sqrt(to * to - up * up);
        double scale = keepsVariance ? Levels.alpha(to) : 1, ratio = keepsVariance ? scale / Levels.alpha(from) : 1;
        try (Scope s = Scope.open()) {
            Tensor next = x.to(DType.F32).mul((float) ratio).add(eps.to(DType.F32).mul((float) (scale * (down - from))));
            if (step < draws) next = next.add(noise.get().mul((float) (scale * up)));
            return s.keep(next.to(eps.dtype()));
        }
    }
}
