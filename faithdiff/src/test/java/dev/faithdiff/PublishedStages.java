package dev.faithdiff;

import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Stages of the published pipeline with noise that the caller brings, written without {@link FaithDiffRun}. */
record PublishedStages(Model model) {
    /** The step at which the published pipeline noises the photo's latents. */
    private static final int LAST_TIMESTEP = 999;

    /** First latents. @param parameters mean and log variance of the photo's latents. @param posteriorNoise of the autoencoder's draw */
    Tensor start(Tensor parameters, Tensor noise, Tensor posteriorNoise, Sampler sampler) {
        try (Scope s = Scope.open()) {
            Tensor z = Vae.Gaussian.of(parameters).sample(posteriorNoise).mul(model.vae.config().scaling());
            return s.keep(model.schedule.noised(z, noise.mul(sampler.initNoiseSigma()), LAST_TIMESTEP));
        }
    }

    /** The text and the photo that the U-Net is told of. */
    record Told(Prompt prompt, IntFunction<Tensor> condition, FaithDiffDenoiser.Sizes sizes) {}

    /** All steps. @param after sees each step's number and the latents after it */
    Tensor denoise(Plan plan, Tensor start, Told told, Supplier<Tensor> noise, BiConsumer<Integer, Tensor> after) {
        try (Scope s = Scope.open(); Denoising d = new Denoising(plan, start.mul(1), 0);
                FaithDiffDenoiser network = new FaithDiffDenoiser(model, told.prompt, told.condition, plan.grid(), told.sizes,
                        new Attribution(plan.grid(), List.of(), null))) {
            return s.keep(new DiffusionLoop(plan, network, noise, (at, clean) -> after.accept(at.step() - 1, at.latents())).run(d));
        }
    }
}
