package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.tensor.Tensor;
import java.util.function.Function;

/**
 * A photo on its way.
 *
 * @param plan     what the steps do
 * @param start    the first latents {@code [1, h, w, C]} on the scale of the diffusion, F32
 * @param denoiser the networks with text and condition
 * @param image    makes the result of clean latents, in the size that was asked for and the photo's bits a sample: it decodes them
 *                 ({@link SdRun#decode}) and gives them the photo's colours. Also asked for previews
 */
public record SdTask(Plan plan, Tensor start, Denoiser denoiser, Function<Tensor, Image> image) {}
