package dev.faithdiff.restore.seesr;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** SeeSR's U-Net and ControlNet with their text, what the tagger saw, and the photo's tiles. Its tensors belong to the scope it is made in. */
final class SeeSrDenoiser implements Denoiser {
    private final ControlNet control;
    private final UNet unet;
    private final DType dtype;
    private final List<Tensor> hints;
    private final float scale;
    private final List<Context> guided, alone;

    /**
     * @param hints of each tile
     * @param scale of the ControlNet's results
     * @param text  {@code [rows, tokens, width]}: of the prompt, or of negative prompt and prompt
     * @param seen  {@code [1, tokens, width]}, the same for both rows
     */
    SeeSrDenoiser(SeeSrModel model, List<Tensor> hints, double scale, Tensor text, Tensor seen) {
        control = model.control();
        unet = model.base().unet;
        dtype = model.base().dtype;
        this.hints = hints;
        this.scale = (float) scale;
        int rows = text.size(0);
        guided = rows == 1 ? null : List.of(new Context(text), new Context(seen.concat(0, seen)));
        alone = List.of(new Context(text.slice(0, rows - 1, rows)), new Context(seen));
    }

    @Override public Tensor predict(Tensor latents, At at) {
        try (Scope s = Scope.open()) {
            List<Context> contexts = at.guided() ? guided : alone;
            float[] timesteps = new float[at.guided() ? 2 : 1];
            Arrays.fill(timesteps, (float) at.timestep());
            Tensor x = latents.to(dtype);
            Tensor steered = control.embed(x).add(hints.get(at.tile()));                          // [1, h, w, channels]
            Residuals residuals = control.forward(steered, control.time().forward(timesteps, x), contexts);
            Tensor temb = unet.time().forward(timesteps, x);
            Tensor noise = unet.denoise(unet.embed(x), temb, scale == 1 ? residuals : residuals.times(scale), at.shortcut(), contexts);
            return s.keep(noise.to(DType.F32));                                                   // [rows, h, w, 4]
        }
    }
}
