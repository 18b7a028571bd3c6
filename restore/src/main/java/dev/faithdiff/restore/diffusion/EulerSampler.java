package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Euler's method in the noise level: each step keeps some of the predicted noise, and draws anew what is missing to the level that it goes to.
 * How much it keeps makes the published methods. Some of them keep the variance of the latents, which changes nothing else (Song et al. 2021,
 * section 4.3).
 */
public final class EulerSampler implements Sampler {
    /** The deviation of the data for which consistency models were made (Song et al. 2023). */
    private static final double DATA_DEVIATION = 0.5;

    private final Levels levels;
    private final float[] keeps;
    private final float initNoiseSigma;
    private final boolean keepsVariance;
    private final int draws;
    private final double boundary;

    /**
     * A sampler of these steps.
     *
     * @param keeps    predicted noise over signal that stays after each step, at most the level's {@code to}
     * @param draws    number of the first steps that draw noise
     * @param boundary how fast the latents' share in the data of a consistency model ends as timesteps grow; 0: there is none
     */
    private EulerSampler(Levels levels, float[] keeps, float initNoiseSigma, boolean keepsVariance, int draws, double boundary) {
        this.levels = levels;
        this.keeps = keeps;
        this.initNoiseSigma = initNoiseSigma;
        this.keepsVariance = keepsVariance;
        this.draws = draws;
        this.boundary = boundary;
    }

    /** EulerDiscreteScheduler: all noise is kept. @param end noise over signal after the last step */
    public static EulerSampler euler(NoiseSchedule schedule, int steps, Sigmas sigmas, double end) {
        return of(levels(schedule.finite(), steps, sigmas, end), schedule);
    }

    static EulerSampler of(Levels levels, NoiseSchedule schedule) { return euler(levels, first(schedule, levels)); }

    /** All noise is kept, on given levels. */
    public static EulerSampler euler(Levels levels, float initNoiseSigma) {
        return new EulerSampler(levels, levels.to(), initNoiseSigma, false, 0, 0);
    }

    /** The levels of EulerDiscreteScheduler and HeunDiscreteScheduler. */
    static Levels levels(NoiseSchedule schedule, int steps, Sigmas sigmas, double end) {
        double[] t = schedule.timesteps(steps, false, false);
        if (sigmas == Sigmas.SCHEDULE) return Levels.at(schedule, t, end);
        return Levels.spread(sigmas, schedule, schedule.sigma(t[0]), schedule.sigma(t[t.length - 1]), t.length, false, end);
    }

    /** EulerAncestralDiscreteScheduler: noise is drawn as a Markov chain draws it. */
    public static EulerSampler ancestral(NoiseSchedule schedule, int steps) {
        NoiseSchedule finite = schedule.finite();
        return ancestral(Levels.at(finite, finite.timesteps(steps, false, false), 0), schedule);
    }

    static EulerSampler ancestral(Levels levels, NoiseSchedule schedule) { return ancestral(levels, first(schedule, levels), levels.steps()); }

    /** @param draws number of the first steps that draw noise */
    static EulerSampler ancestral(Levels levels, float initNoiseSigma, int draws) {
        return new EulerSampler(levels, kept(levels, 1), initNoiseSigma, false, draws, 0);
    }

    /** Euler's method where each step begins with more noise than the one before keeps, which is drawn. @param keeps noise after each step */
    public static EulerSampler churning(Levels levels, float[] keeps, float initNoiseSigma) {
        return new EulerSampler(levels, keeps, initNoiseSigma, false, levels.steps() - 1, 0);
    }

    /** With leading spacing the first timestep is not pure noise, so the first latents also have the signal's variance. */
    static float first(NoiseSchedule schedule, Levels levels) {
        float max = levels.from()[0];
        return schedule.spacing() == NoiseSchedule.Spacing.LEADING ? (float) Math.sqrt(max * max + 1) : max;
    }

    /** One step from latents without noise to clean latents, at the timestep of the network's training (OSEDiff, Wu et al. 2024). */
    public static EulerSampler oneStep(NoiseSchedule schedule, int timestep) {
        return new EulerSampler(Levels.at(schedule, new double[] {timestep}, 0), new float[1], 1, true, 0, 0);
    }

    /** DDPMScheduler, variance fixed_small. As published, no noise is drawn at timestep 0. */
    public static EulerSampler ddpm(NoiseSchedule schedule, int steps) {
        return ddpm(Levels.at(schedule, schedule.timesteps(steps, false, true), 0));
    }

    /** The same of given levels. */
    public static EulerSampler ddpm(Levels levels) {
        int steps = levels.steps();
        return new EulerSampler(levels, kept(levels, 1), 1, true, levels.timesteps()[steps - 1] > 0 ? steps : steps - 1, 0);
    }

    /** DDIM without noise, of given levels. */
    public static EulerSampler ddim(Levels levels) { return ddim(levels, 0); }

    /** DDIM of given levels. @param eta the share of the noise of a Markov chain that is drawn */
    public static EulerSampler ddim(Levels levels, double eta) {
        return new EulerSampler(levels, kept(levels, eta), 1, true, eta > 0 ? levels.steps() : 0, 0);
    }

    /**
     * DDIMScheduler. As published, each step goes down by a fixed number of timesteps, wherever the next step begins.
     *
     * @param eta the share of the noise of a Markov chain that is drawn
     * @param end noise over signal below timestep 0
     */
    public static EulerSampler ddim(NoiseSchedule schedule, int steps, double eta, double end) {
        double[] t = schedule.timesteps(steps, false, true);
        Levels levels = Levels.at(schedule, t, end);
        int down = schedule.timesteps() / steps;
        if (schedule.given() == null) {
            for (int i = 0; i < steps; i++) levels.to()[i] = (float) (t[i] < down ? end : schedule.sigma(t[i] - down));
        }
        return ddim(levels, eta);
    }

    /**
     * LCMScheduler, for latent consistency models (Luo et al. 2023): all noise is drawn anew.
     *
     * @param scaling of timesteps, where the data are a mixture of latents and prediction
     */
    public static EulerSampler lcm(NoiseSchedule schedule, int steps, int original, double scaling) {
        double[] t = schedule.distilled(steps, original);
        return new EulerSampler(Levels.at(schedule, t, 0), new float[t.length], 1, true, t.length - 1, scaling);
    }

    /**
     * TCDScheduler, for trajectory consistency models (Zheng et al. 2024): each step goes down to a share of the next timestep, and noise is
     * drawn to come up to that. As published, the last step ends at timestep 0.
     *
     * @param eta how far below the next timestep: 0: not at all, 1: down to timestep 0
     */
    public static EulerSampler tcd(NoiseSchedule schedule, int steps, int original, double eta) {
        double[] t = schedule.distilled(steps, original);
        Levels levels = Levels.at(schedule, t, schedule.sigma(0));
        float[] keeps = levels.to().clone();
        for (int i = 0; i < t.length - 1; i++) keeps[i] = (float) schedule.sigma(Math.floor((1 - eta) * t[i + 1]));
        return new EulerSampler(levels, keeps, 1, true, eta > 0 ? t.length - 1 : 0, 0);
    }

    /** What stays where a share of a Markov chain's noise is drawn (Song et al. 2021, equation 16). */
    private static float[] kept(Levels levels, double eta) {
        float[] keeps = new float[levels.steps()];
        for (int i = 0; i < keeps.length; i++) {
            double to = levels.to()[i], fall = to / levels.from()[i];
            keeps[i] = (float) (to * Math.sqrt(Math.max(0, 1 - eta * eta * (1 - fall * fall))));
        }
        return keeps;
    }

    @Override public Levels levels() { return levels; }

    @Override public float initNoiseSigma() { return initNoiseSigma; }

    @Override public Tensor scaleInput(Tensor x, int step) { return keepsVariance ? x : x.mul((float) Levels.alpha(levels.from()[step])); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) {
        return keepsVariance ? Sampler.super.noised(data, noise, step) : data.add(noise.mul(levels.from()[step]));
    }

    @Override public Sampler from(int step) {
        float[] left = Arrays.copyOfRange(keeps, step, keeps.length);
        return new EulerSampler(levels.from(step), left, initNoiseSigma, keepsVariance, Math.max(0, draws - step), boundary);
    }

    @Override public State begin() { return this::step; }

    private Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
        double from = levels.from()[step], to = levels.to()[step], keep = keeps[step], drawn = Math.sqrt(Math.max(0, to * to - keep * keep));
        double scale = keepsVariance ? Levels.alpha(to) : 1, alpha = keepsVariance ? Levels.alpha(from) : 1;
        double stays = scale * keep / (keepsVariance ? Levels.spread(from) : from), weight = scale - stays * alpha;
        double scaled = boundary * levels.timesteps()[step], variance = DATA_DEVIATION * DATA_DEVIATION;
        double share = boundary == 0 ? 0 : variance / (scaled * scaled + variance);
        double prediction = boundary == 0 ? 1 : scaled / Math.sqrt(scaled * scaled + variance);
        try (Scope s = Scope.open()) {
            Tensor next = x.to(DType.F32).mul((float) (stays + weight * share)).add(data.to(DType.F32).mul((float) (weight * prediction)));
            if (step < draws) next = next.add(noise.get().mul((float) (scale * drawn)));
            return s.keep(next.to(data.dtype()));
        }
    }
}
