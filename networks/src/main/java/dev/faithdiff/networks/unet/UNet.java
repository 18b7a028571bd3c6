package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The U-Net of latent diffusion, of Stable Diffusion 2.1 as of SDXL (diffusers UNet2DConditionModel). Its two halves {@link #embed} and
 * {@link #denoise} are public because FaithDiff adds the aligned features between them.
 */
public final class UNet {
    private final TimeEmbedding time;
    private final Conv2d convIn, convOut;
    private final DownPath down;
    private final MidBlock middle;
    private final UpPath up;
    private final GroupNorm normOut;
    private final int layers;

    public UNet(Weights w, UNetConfig c) {
        int first = c.channels()[0];
        layers = c.layers();
        convIn = new Conv2d(w.at("conv_in"), c.inChannels(), first, 3);
        time = c.time().width() == 0 ? null : new TimeEmbedding(w, c);
        down = new DownPath(w, c);
        middle = new MidBlock(w, c);
        up = new UpPath(w, c);
        normOut = new GroupNorm(w.at("conv_norm_out"), first, c.norm().groups(first), c.norm().eps());
        convOut = new Conv2d(w.at("conv_out"), first, c.outChannels(), 3);
    }

    /** What embeds its timesteps; null where it knows no time. */
    public TimeEmbedding time() { return time; }

    /** The number of layers of each level of the down path; the up path has one more. */
    public int layers() { return layers; }

    /** The time embedding of one timestep for all rows of pooled text, as {@link TimeEmbedding#forward(float[], Tensor, Tensor)}. */
    public Tensor embedTime(float timestep, Tensor pooled, Tensor timeIds) {
        try (Scope s = Scope.open()) {
            return s.keep(embedTime(timestep, time.added(pooled, timeIds)));
        }
    }

    /** The same with {@link TimeEmbedding#added}, which all steps of an image share. */
    public Tensor embedTime(float timestep, Tensor added) {
        float[] all = new float[added.size(0)];
        Arrays.fill(all, timestep);
        return time.with(all, added);
    }

    /** The latents as features, {@code [B, h, w, channels]}: the first half of the network, which knows neither time nor text. */
    public Tensor embed(Tensor latents) { return convIn.forward(latents); }

    /** {@link #denoise(Tensor, Tensor, Control, List)} without control. */
    public Tensor denoise(Tensor h, Tensor temb, Context... contexts) { return denoise(h, temb, Control.NONE, List.of(contexts)); }

    /** {@link #denoise(Tensor, Tensor, Control, Shortcut, List)} that leaves nothing out. */
    public Tensor denoise(Tensor h, Tensor temb, Control control, List<Context> contexts) {
        return denoise(h, temb, control, Shortcut.NONE, contexts);
    }

    /**
     * The prediction {@code [B, h, w, outChannels]}: noise or velocity, as the model was trained.
     *
     * @param h        features {@code [B, h, w, channels]} from {@link #embed}, or one row for all of the batch
     * @param temb     from {@link #time}; null where the network knows no time
     * @param contexts one for each kind of transformer, in the configuration's order
     */
    public Tensor denoise(Tensor h, Tensor temb, Control control, Shortcut shortcut, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            List<Tensor> skips = down.begin(h, temb);
            down.go(skips, shortcut.down(layers), temb, control, contexts);
            int inner = up.layers() - shortcut.up();
            Tensor x = shortcut.inside(List.copyOf(skips), () -> {
                // 1. Down: the features themselves, then each layer's result and each halved one, are the skips.
                down.go(skips, down.parts(), temb, control, contexts);                        // [B, h/2^i, w/2^i, channels[i]]
                // 2. Middle: resnet, transformers, resnet.
                Tensor middle = this.middle.forward(skips.getLast(), temb, control, contexts); // [B, h/2^last, w/2^last, channels[last]]
                // 3. Up: each layer takes a skip, the last one first.
                return s.replace(middle, up.forward(middle, skips, 0, inner, temb, control, contexts));
            });
            if (shortcut.up() > 0) x = s.replace(x, up.forward(x, skips, inner, up.layers(), temb, control, contexts)); // [B, h, w, channels[0]]
            // 4. Out: norm, SiLU, convolution.
            return s.keep(convOut.forward(normOut.forwardSilu(x)));                           // [B, h, w, outChannels]
        }
    }
}
