package dev.faithdiff.restore.diffusion;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;

/**
 * How much noise each training timestep has, which timesteps a sampler visits, and what the network predicts (the published scheduler
 * configuration).
 *
 * @param alphasCumprod share of the signal's variance at each training timestep, in float as published
 * @param spacing       how timesteps are spread over the training's
 * @param offset        added to timesteps of leading spacing
 * @param given         the timesteps that are visited instead of spread ones, highest first; null: none
 */
public record NoiseSchedule(float[] alphasCumprod, Spacing spacing, int offset, Prediction prediction, double[] given) {
    /** The published ways to spread timesteps: {@code timestep_spacing}. */
    public enum Spacing {
        LEADING, TRAILING, LINSPACE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** What a network predicts: noise, the velocity {@code alpha noise - sigma data} (Salimans and Ho 2022) at variance one, or clean data. */
    public enum Prediction {
        EPSILON("epsilon"), VELOCITY("v_prediction"), SAMPLE("sample");

        private final String published;

        Prediction(String published) { this.published = published; }
    }

    /** The signal's share at the last timestep where a sampler cannot do with none, as published. */
    private static final float LEAST_SIGNAL = 0x1p-24f;

    /** Reads {@code scheduler/scheduler_config.json}. */
    public static NoiseSchedule of(Config c) {
        c.require("beta_schedule", "scaled_linear");
        c.require("trained_betas", "null");
        Spacing spacing = switch (c.text("timestep_spacing", c.text("_class_name", "").startsWith("DD") ? "leading" : "linspace")) {
            case "leading" -> Spacing.LEADING;
            case "trailing" -> Spacing.TRAILING;
            default -> {
                c.require("timestep_spacing", "linspace");
                yield Spacing.LINSPACE;
            }
        };
        String predicts = c.text("prediction_type", "epsilon");
        Prediction prediction = Arrays.stream(Prediction.values()).filter(p -> p.published.equals(predicts)).findFirst()
                .orElseThrow(() -> c.wrong("prediction_type", "'epsilon', 'v_prediction' or 'sample'"));
        NoiseSchedule schedule = scaledLinear(c.positive("num_train_timesteps"), c.number("beta_start"), c.number("beta_end"), spacing,
                c.integer("steps_offset", 0)).with(prediction);
        if (!c.flag("rescale_betas_zero_snr", false)) return schedule;
        if (prediction == Prediction.EPSILON) throw c.wrong("rescale_betas_zero_snr", "false, since noise alone says nothing of the data");
        return schedule.endingInNoise();
    }

    /** Betas whose square roots are evenly spaced, for a network that predicts noise. */
    public static NoiseSchedule scaledLinear(int timesteps, double betaStart, double betaEnd, Spacing spacing, int offset) {
        float[] alphas = new float[timesteps];
        float start = (float) Math.sqrt(betaStart);
        float end = (float) Math.sqrt(betaEnd);
        float step = (end - start) / (timesteps - 1);
        double product = 1;
        for (int i = 0; i < timesteps; i++) {
            float root = i < timesteps / 2 ? start + step * i : end - step * (timesteps - 1 - i);
            product *= 1 - root * root;
            alphas[i] = (float) product;
        }
        return new NoiseSchedule(alphas, spacing, offset, Prediction.EPSILON, null);
    }

    /** The same with no signal at the last timestep, for networks that were trained so (Lin et al. 2023, algorithm 1). */
    NoiseSchedule endingInNoise() {
        float[] alphas = new float[timesteps()];
        double first = Math.sqrt(alphasCumprod[0]), last = Math.sqrt(alphasCumprod[alphas.length - 1]);
        for (int i = 0; i < alphas.length; i++) {
            double root = (Math.sqrt(alphasCumprod[i]) - last) * (first / (first - last));
            alphas[i] = (float) (root * root);
        }
        return new NoiseSchedule(alphas, spacing, offset, prediction, given);
    }

    /** The same with a trace of signal at the last timestep, for samplers that need a finite noise over signal there. */
    NoiseSchedule finite() {
        int last = timesteps() - 1;
        if (alphasCumprod[last] > 0) return this;
        float[] alphas = alphasCumprod.clone();
        alphas[last] = LEAST_SIGNAL;
        return new NoiseSchedule(alphas, spacing, offset, prediction, given);
    }

    /** The same with another spacing. */
    public NoiseSchedule with(Spacing other) { return new NoiseSchedule(alphasCumprod, other, offset, prediction, given); }

    /** The same for another prediction. */
    public NoiseSchedule with(Prediction other) { return new NoiseSchedule(alphasCumprod, spacing, offset, other, given); }

    /** The same for samplers that visit given timesteps, highest first. */
    public NoiseSchedule visiting(double... timesteps) { return new NoiseSchedule(alphasCumprod, spacing, offset, prediction, timesteps); }

    /** The number of training timesteps. */
    public int timesteps() { return alphasCumprod.length; }

    /**
     * The timesteps of so many steps, highest first.
     *
     * @param open  true: one timestep more is spread and the last one left out, as published for solvers that end at the data
     * @param whole true: whole timesteps; false: LINSPACE gives fractions, in float as published
     */
    double[] timesteps(int steps, boolean open, boolean whole) {
        if (given != null) return given;
        int n = timesteps(), last = open ? steps : steps - 1;
        if (steps < 1 || steps > n) throw new IllegalArgumentException("steps must be 1.." + n + ", not " + steps);
        double ratio = (double) n / steps, apart = n - (n - ratio);
        double[] t = new double[steps];
        for (int i = 0; i < steps; i++) {
            t[i] = switch (spacing) {
                case LEADING -> (last - i) * (n / (last + 1)) + offset;
                case TRAILING -> Math.rint(n - i * apart) - 1;
                case LINSPACE -> last == 0 ? 0 : rounded((last - i) * ((n - 1.0) / last), whole);
            };
        }
        return t;
    }

    /**
     * The timesteps of so many steps of a network that was distilled from a teacher of {@code original} steps: some of the teacher's, spread
     * evenly and with the highest one (Luo et al. 2023; diffusers LCMScheduler and TCDScheduler).
     */
    double[] distilled(int steps, int original) {
        if (given != null) return given;
        if (steps < 1 || steps > original) throw new IllegalArgumentException("this sampler takes 1.." + original + " steps, not " + steps);
        double[] t = new double[steps];
        for (int i = 0; i < steps; i++) t[i] = timesteps() / original * (original - (int) (i * ((double) original / steps))) - 1;
        return t;
    }

    static double rounded(double timestep, boolean whole) { return whole ? Math.rint(timestep) : (float) timestep; }

    /** Noise over signal at a timestep; interpolated linearly at a fraction. */
    public double sigma(double timestep) {
        int last = timesteps() - 1, low = Math.min((int) timestep, last), high = Math.min(low + 1, last);
        return timestep == low ? sigmaAt(low) : sigmaAt(low) + (sigmaAt(high) - sigmaAt(low)) * (timestep - low);
    }

    /** The timestep, a fraction, that has so much noise over signal; interpolated linearly in the logarithm. */
    double timestep(double sigma) {
        int low = 0, last = timesteps() - 2;
        double log = Math.log(sigma);
        while (low < last && logSigmaAt(low + 1) <= log) low++;
        float a = logSigmaAt(low), b = logSigmaAt(low + 1);
        double w = Math.clamp((a - log) / (a - b), 0, 1);
        return (1 - w) * low + w * (low + 1);
    }

    private float logSigmaAt(int t) { return (float) Math.log(sigmaAt(t)); }

    private float sigmaAt(int t) { return (float) Math.sqrt((1 - alphasCumprod[t]) / alphasCumprod[t]); }

    /** Noised data {@code [B, ...]}, with a training timestep for each row. */
    public Tensor noised(Tensor data, Tensor noise, int[] timesteps) {
        float[] signal = new float[timesteps.length], spread = new float[timesteps.length];
        for (int b = 0; b < timesteps.length; b++) {
            signal[b] = (float) Math.sqrt(alphasCumprod[timesteps[b]]);
            spread[b] = (float) Math.sqrt(1 - alphasCumprod[timesteps[b]]);
        }
        int[] rows = new int[data.rank()];
        Arrays.fill(rows, 1);
        rows[0] = timesteps.length;
        return data.mul(Tensor.of(signal, rows).to(data.device())).add(noise.mul(Tensor.of(spread, rows).to(data.device())));
    }

    /** Noised data at a training timestep (Ho et al. 2020, equation 4; diffusers DDPMScheduler add_noise). */
    public Tensor noised(Tensor data, Tensor noise, int timestep) {
        double alpha = alphasCumprod[timestep];
        return data.mul((float) Math.sqrt(alpha)).add(noise.mul((float) Math.sqrt(1 - alpha)));
    }

    /** The noise that a network's prediction means. @param latents of variance one @param timesteps of the training, one for each row */
    public Tensor noise(Tensor answer, Tensor latents, int[] timesteps) {
        return switch (prediction) {
            case EPSILON -> answer;
            case VELOCITY -> noised(answer, latents, timesteps);
            case SAMPLE -> throw new IllegalArgumentException("a network that predicts clean data cannot be trained to predict noise");
        };
    }

    /** The clean data that a network's prediction means. @param latents of variance one @param sigma their noise over signal */
    public Tensor data(Tensor answer, Tensor latents, double sigma) {
        double alpha = Levels.alpha(sigma);
        return switch (prediction) {
            case EPSILON -> latents.mul((float) (1 / alpha)).sub(answer.mul((float) sigma));
            case VELOCITY -> latents.mul((float) alpha).sub(answer.mul((float) Levels.spread(sigma)));
            case SAMPLE -> answer;
        };
    }
}
