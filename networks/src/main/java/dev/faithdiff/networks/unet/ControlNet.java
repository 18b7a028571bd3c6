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
    private final FirstHalf half;
    private final Conv2d zeroMiddle;
    private final List<Conv2d> zeros = new ArrayList<>();

    public ControlNet(Weights w, UNetConfig c) {
        half = new FirstHalf(w, c);
        List<Integer> widths = c.skipWidths();
        for (int width : widths) zeros.add(new Conv2d(w.at("controlnet_down_blocks", zeros.size()), width, width, 1));
        zeroMiddle = new Conv2d(w.at("controlnet_mid_block"), widths.getLast(), widths.getLast(), 1);
    }

    /** What embeds its timesteps, with weights of its own. */
    public TimeEmbedding time() { return half.time(); }

    /** The latents as features, {@code [B, h, w, channels]}. */
    public Tensor embed(Tensor latents) { return half.embed(latents); }

    /**
     * What is added to the U-Net's skips and middle.
     *
     * @param h features {@code [B, h, w, channels]}, or one row for all of the batch @param temb from {@link #time}
     */
    public Residuals forward(Tensor h, Tensor temb, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            FirstHalf.Features seen = half.forward(h, temb, contexts);
            List<Tensor> skips = new ArrayList<>();
            for (int i = 0; i < zeros.size(); i++) skips.add(s.keep(zeros.get(i).forward(seen.skips().get(i))));
            return new Residuals(skips, s.keep(zeroMiddle.forward(seen.middle())));
        }
    }
}
