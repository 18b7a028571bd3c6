package dev.faithdiff.restore.pasd;

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

/** PASD's networks with their text and the photo's tiles. Its tensors belong to the scope it is made in. */
final class PasdDenoiser implements Denoiser {
    private final PasdModel model;
    private final List<Tensor> hints;
    private final float scale;
    private final Context guided, alone;

    /**
     * @param hints of each tile
     * @param scale of the ControlNet's results, also where the U-Net attends to them
     * @param text  {@code [rows, tokens, width]}: of the prompt, or of negative prompt and prompt
     */
    PasdDenoiser(PasdModel model, List<Tensor> hints, double scale, Tensor text) {
        this.model = model;
        this.hints = hints;
        this.scale = (float) scale;
        int rows = text.size(0);
        guided = rows == 1 ? null : new Context(text);
        alone = new Context(text.slice(0, rows - 1, rows));
    }

    @Override public Tensor predict(Tensor latents, At at) {
        ControlNet control = model.control();
        UNet unet = model.base().unet;
        try (Scope s = Scope.open()) {
            List<Context> text = List.of(at.guided() ? guided : alone);
            float[] timesteps = new float[at.guided() ? 2 : 1];
            Arrays.fill(timesteps, (float) at.timestep());
            Tensor x = latents.to(model.base().dtype);
            Tensor steered = control.embed(x).add(hints.get(at.tile()));                          // [1, h, w, channels]
            Residuals residuals = control.forward(steered, control.time().forward(timesteps, x), text);
            if (scale != 1) residuals = residuals.times(scale);
            Tensor temb = unet.time().forward(timesteps, x);
            Tensor noise = unet.denoise(unet.embed(x), temb, model.attention().to(residuals), at.shortcut(), text);
            return s.keep(noise.to(DType.F32));                                                   // [rows, h, w, 4]
        }
    }
}
