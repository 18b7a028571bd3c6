package dev.faithdiff.restore.diffbir;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** The U-Net under IRControlNet, which sees the cleaned photo's latents beside the noisy ones (DiffBIR cldm.py, controlnet.py). */
final class DiffBirDenoiser implements Denoiser {
    private final UNet unet;
    private final ControlNet control;
    private final DType dtype;
    private final Tensor condition;
    private final TileGrid grid;
    private final float strength;
    private final Context guided, alone;

    /**
     * @param states    of negative prompt and prompt, {@code [2, 77, width]}; of the prompt alone where nothing is guided
     * @param condition latents of the cleaned photo, {@code [1, h, w, C]} on the scale of the diffusion
     * @param strength  how much the control counts
     */
    DiffBirDenoiser(UNet unet, ControlNet control, DType dtype, Tensor states, Tensor condition, TileGrid grid, double strength) {
        this.unet = unet;
        this.control = control;
        this.dtype = dtype;
        this.condition = condition;
        this.grid = grid;
        this.strength = (float) strength;
        int rows = states.size(0);
        guided = rows == 1 ? null : new Context(states);
        alone = new Context(states.slice(0, rows - 1, rows));
    }

    @Override public Tensor predict(Tensor latents, At at) {
        Context text = at.guided() ? guided : alone;
        float[] timesteps = new float[text.states().size(0)];
        Arrays.fill(timesteps, (float) at.timestep());
        try (Scope s = Scope.open()) {
            Tensor photo = grid.cut(condition, grid.tiles().get(at.tile())), x = latents.to(dtype);
            Residuals added = control.forward(control.embed(latents.concat(3, photo).to(dtype)), control.time().forward(timesteps, text.states()),
                    List.of(text));
            if (strength != 1) added = added.times(strength);
            Tensor time = unet.time().forward(timesteps, text.states());
            return s.keep(unet.denoise(unet.embed(x), time, added, at.shortcut(), List.of(text)).to(DType.F32).mul(1));
        }
    }
}
