package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.train.Loss;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Sigmas;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;

/** The task of both published stages: predict the noise that was added to the latents of the clean image, given the degraded one. */
public final class NoisePrediction {
    /** L1 is the mean absolute difference (the released code), L2 the mean squared one. */
    public enum Norm { L1, L2 }

    /**
     * How noise and timesteps are drawn and the loss is computed.
     *
     * @param noiseOffset   deviation of one more normal number for each channel, which is added to the channel's noise
     * @param promptDropout share of captions that are replaced by the empty prompt
     * @param weightLimit   a row's loss has the weight {@code min(1 + sigma^2, weightLimit)}, where sigma is noise over signal: high noise
     *                      decides colours and brightness. 1: equal weights, as released
     * @param stratified    whether the rows' timesteps are spread evenly with one random shift, instead of drawn independently
     * @param across        whether the alignment's attention runs across the batch, as released; else within each image, as in
     *                      the restoration of a single image
     */
    public record Settings(Norm norm, double noiseOffset, double promptDropout, double weightLimit, boolean stratified, boolean across) {
        /** As in the released scripts. */
        public static Settings published() { return new Settings(Norm.L1, 0.02, 0.2, 1, false, true); }
    }

    /** One batch: the noise to predict, a timestep for each row, text, and the size conditioning {@code [B, 6]}. */
    record Question(Tensor latents, Tensor noise, int[] timesteps, Prompt prompt, Tensor timeIds) {
        /** The same with other latents. */
        Question with(Tensor latents) { return new Question(latents, noise, timesteps, prompt, timeIds); }
    }

    /** The target size in the size conditioning, as in the released scripts, whatever the crop's size. */
    private static final int TARGET = 512;

    private final Model model;
    private final Settings settings;

    NoisePrediction(Model model, Settings settings) {
        this.model = model;
        this.settings = settings;
    }

    /** Draws, in this order: the autoencoder's noise, the noise, its offset, the timesteps, and whether each caption is dropped. */
    Question ask(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor latents = latents(model, batch.clean(), rng);
            int b = batch.size(), channels = latents.size(3);
            Tensor noise = noise(rng, latents);
            noise = offset(noise, Tensor.of(rng.randn(b * channels), b, 1, 1, channels).to(model.device));
            int[] timesteps = timesteps(rng.randint(0, model.schedule.timesteps(), b));
            Prompt prompt = prompt(batch, rng.rand(b));
            return new Question(s.keep(latents), s.keep(noise), timesteps, new Prompt(s.keep(prompt.states()), s.keep(prompt.pooled())),
                    s.keep(timeIds(batch)));
        }
    }

    private int[] timesteps(long[] drawn) {
        int b = drawn.length, n = model.schedule.timesteps();
        int[] t = new int[b];
        for (int i = 0; i < b; i++) t[i] = (int) (settings.stratified ? (drawn[0] + (long) i * n / b) % n : drawn[i]);
        return t;
    }

    Tensor offset(Tensor noise, Tensor draw) { return noise.add(draw.mul((float) settings.noiseOffset)); }

    /** Latents of an image on the scale of the diffusion, drawn from the autoencoder's distribution. */
    static Tensor latents(Model model, Tensor image, Rng rng) {
        try (Scope s = Scope.open()) {
            Vae.Gaussian g = Vae.Gaussian.of(model.vae.encode(image.to(model.device)));
            return s.keep(g.sample(noise(rng, g.mean())).mul(model.vae.config().scaling()));
        }
    }

    /** Standard normal numbers of a shape {@code [B, h, w, C]}, drawn in the published order of row, channel, height, width. */
    static Tensor noise(Rng rng, Tensor like) {
        int b = like.size(0), h = like.size(1), w = like.size(2), c = like.size(3);
        return Tensor.of(rng.randn(b * c * h * w), b, c, h, w).permute(0, 2, 3, 1).to(like.device());
    }

    private Prompt prompt(TrainingBatch batch, float[] chance) {
        Prompt all = null;
        for (int i = 0; i < chance.length; i++) {
            Prompt next = model.text.encode(chance[i] < settings.promptDropout ? "" : batch.captions().get(i));
            all = all == null ? next : all.with(next);
        }
        return all;
    }

    private static Tensor timeIds(TrainingBatch batch) {
        float[] ids = new float[6 * batch.size()];
        for (int i = 0; i < batch.size(); i++) {
            TrainingBatch.Crop c = batch.crops().get(i);
            float[] row = {c.height(), c.width(), c.top(), c.left(), TARGET, TARGET};
            System.arraycopy(row, 0, ids, 6 * i, 6);
        }
        return Tensor.of(ids, batch.size(), 6);
    }

    Tensor noisy(Question q) { return model.schedule.noised(q.latents, q.noise, q.timesteps); }

    /** The predicted noise, with gradients for those parameters of LQ encoder, alignment module and U-Net that are watched. */
    Tensor answer(Question q, Tensor features) {
        Tensor noisy = noisy(q);
        return model.schedule.noise(predict(noisy, model.unet.condition(features), q.timesteps, q.prompt, q.timeIds), noisy, q.timesteps);
    }

    private Tensor predict(Tensor noisy, Tensor condition, int[] timesteps, Prompt prompt, Tensor timeIds) {
        float[] times = new float[timesteps.length];
        for (int i = 0; i < times.length; i++) times[i] = timesteps[i];
        return model.unet.predict(noisy, condition, times, Context.once(prompt.states()), prompt.pooled(), timeIds, settings.across);
    }

    /** The latents of degraded crops restored as {@code restore} does, by the Euler sampler with so many steps at whole timesteps. */
    Tensor restored(TrainingBatch batch, int steps, Rng rng) {
        try (Scope s = Scope.open()) {
            Tensor degraded = batch.degraded().to(model.device);
            Tensor condition = model.unet.condition(model.unet.features(degraded));
            Tensor ids = timeIds(batch);
            Prompt prompt = prompt(batch, rng.rand(batch.size()));
            Sampler sampler = EulerSampler.euler(model.schedule, steps, Sigmas.SCHEDULE, 0);
            Tensor z = latents(model, degraded, rng), noise = noise(rng, z).mul(sampler.initNoiseSigma());
            Tensor x = model.schedule.noised(z, noise, model.schedule.timesteps() - 1);
            for (int i = 0; i < steps; i++) {
                int[] timesteps = new int[batch.size()];
                Arrays.fill(timesteps, (int) sampler.timesteps()[i]);
                Tensor in = sampler.scaleInput(x, i), answer = predict(in, condition, timesteps, prompt, ids);
                x = sampler.begin().step(x, model.schedule.data(answer, in, sampler.levels().from()[i]), i, null);
            }
            return s.keep(x);
        }
    }

    /** The clean latents predicted in one step at a timestep from the degraded crops' latents, without added noise. */
    Tensor inOneStep(Tensor latents, TrainingBatch batch, Tensor features, int timestep) {
        int[] timesteps = new int[batch.size()];
        Arrays.fill(timesteps, timestep);
        Prompt prompt = prompt(batch, new float[batch.size()]);
        Tensor answer = predict(latents, model.unet.condition(features), timesteps, prompt, timeIds(batch));
        return model.schedule.data(answer, latents, model.schedule.sigma(timestep));
    }

    /** The loss of the prediction against the noise with its offset. */
    Tensor loss(Tensor answer, Question q) {
        boolean squared = settings.norm == Norm.L2;
        Tensor target = q.noise;
        if (settings.weightLimit > 1) {
            float[] weights = new float[q.timesteps.length];
            for (int i = 0; i < weights.length; i++) {
                double sigma = model.schedule.sigma(q.timesteps[i]), weight = Math.min(1 + sigma * sigma, settings.weightLimit);
                weights[i] = (float) (squared ? Math.sqrt(weight) : weight);
            }
            Tensor w = Tensor.of(weights, weights.length, 1, 1, 1).to(model.device);
            answer = answer.mul(w);
            target = target.mul(w);
        }
        return squared ? Loss.l2(answer, target) : Loss.l1(answer, target);
    }
}
