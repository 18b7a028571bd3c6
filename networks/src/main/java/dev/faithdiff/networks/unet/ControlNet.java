package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A copy of a U-Net's first half and middle whose results, each through a 1x1 convolution that was zero before training, are added to the
 * U-Net's (diffusers ControlNetModel; Zhang et al. 2023). Between {@link #embed} and {@link #forward} the caller adds what steers it.
 */
public final class ControlNet {
    private final TimeEmbedding time;
    private final Conv2d convIn, zeroMiddle;
    private final DownPath down;
    private final MidBlock middle;
    private final List<Conv2d> zeros = new ArrayList<>();

    public ControlNet(Weights w, UNetConfig c) {
        convIn = new Conv2d(w.at("conv_in"), c.inChannels(), c.channels()[0], 3);
        time = new TimeEmbedding(w, c);
        down = new DownPath(w, c);
        middle = new MidBlock(w, c);
        for (int width : down.widths()) zeros.add(new Conv2d(w.at("controlnet_down_blocks", zeros.size()), width, width, 1));
        int width = down.widths().getLast();
        zeroMiddle = new Conv2d(w.at("controlnet_mid_block"), width, width, 1);
    }

    /** What embeds its timesteps, with weights of its own. */
    public TimeEmbedding time() { return time; }

    /** The latents as features, {@code [B, h, w, channels]}. */
    public Tensor embed(Tensor latents) { return convIn.forward(latents); }

    /**
     * What is added to the U-Net's skips and middle.
     *
     * @param h features {@code [B, h, w, channels]}, or one row for all of the batch @param temb from {@link #time}
     */
    public Residuals forward(Tensor h, Tensor temb, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            List<Tensor> features = down.forward(h, temb, Control.NONE, contexts);    // [B, h/2^i, w/2^i, channels[i]]
            Tensor x = middle.forward(features.getLast(), temb, Control.NONE, contexts);
            List<Tensor> skips = new ArrayList<>();
            for (int i = 0; i < features.size(); i++) skips.add(s.keep(zeros.get(i).forward(features.get(i))));
            return new Residuals(skips, s.keep(zeroMiddle.forward(x)));
        }
    }
}
