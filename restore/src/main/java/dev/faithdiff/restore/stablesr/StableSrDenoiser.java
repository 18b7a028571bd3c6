package dev.faithdiff.restore.stablesr;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** The U-Net, modulated by what the structure encoder sees in the photo's latents at each step. Its tensors belong to the scope it is made in. */
final class StableSrDenoiser implements Denoiser {
    private final StableSrModel model;
    private final Tensor photo;
    private final TileGrid grid;
    private final Context guided, alone;

    /**
     * @param photo its latents {@code [1, h, w, C]} on the scale of the diffusion
     * @param text  {@code [rows, tokens, width]}: of the prompt, or of negative prompt and prompt
     */
    StableSrDenoiser(StableSrModel model, Tensor photo, TileGrid grid, Tensor text) {
        this.model = model;
        this.photo = photo;
        this.grid = grid;
        int rows = text.size(0);
        guided = rows == 1 ? null : new Context(text);
        alone = new Context(text.slice(0, rows - 1, rows));
    }

    @Override public Tensor predict(Tensor latents, At at) {
        UNet unet = model.base().unet;
        Context text = at.guided() ? guided : alone;
        float[] timesteps = new float[text.states().size(0)];
        Arrays.fill(timesteps, (float) at.timestep());
        try (Scope s = Scope.open()) {
            Tensor x = latents.to(model.base().dtype), seen = grid.cut(photo, grid.tiles().get(at.tile())).to(model.base().dtype);
            Control modulated = model.spade().by(model.structure().forward(seen, (float) at.timestep()));
            Tensor time = unet.time().forward(timesteps, x);
            return s.keep(unet.denoise(unet.embed(x), time, modulated, at.shortcut(), List.of(text)).to(DType.F32).mul(1)); // [rows, h, w, 4]
        }
    }
}
