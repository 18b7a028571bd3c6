package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** A copy of a U-Net's first half: its first convolution, time embedding, down path and middle. Networks that steer a U-Net have one. */
public final class FirstHalf {
    /**
     * Its results.
     *
     * @param skips  what a U-Net's up path would take, outermost first: {@code [B, h/2^i, w/2^i, C]}
     * @param middle {@code [B, h/2^last, w/2^last, C]}
     */
    public record Features(List<Tensor> skips, Tensor middle) {}

    private final TimeEmbedding time;
    private final Conv2d convIn;
    private final DownPath down;
    private final MidBlock middle;

    public FirstHalf(Weights w, UNetConfig c) {
        convIn = new Conv2d(w.at("conv_in"), c.inChannels(), c.channels()[0], 3);
        time = new TimeEmbedding(w, c);
        down = new DownPath(w, c);
        middle = new MidBlock(w, c);
    }

    /** What embeds its timesteps, with weights of its own. */
    public TimeEmbedding time() { return time; }

    /** The latents as features, {@code [B, h, w, channels]}. */
    public Tensor embed(Tensor latents) { return convIn.forward(latents); }

    /** @param h features {@code [B, h, w, channels]}, or one row for all of the batch @param temb from {@link #time} */
    public Features forward(Tensor h, Tensor temb, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            List<Tensor> skips = down.forward(h, temb, Control.NONE, contexts);       // [B, h/2^i, w/2^i, channels[i]]
            Tensor x = middle.forward(skips.getLast(), temb, Control.NONE, contexts);
            return new Features(skips.stream().map(s::keep).toList(), s.keep(x));
        }
    }
}
