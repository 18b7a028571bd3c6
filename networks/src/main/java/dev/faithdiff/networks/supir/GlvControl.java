package dev.faithdiff.networks.supir;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.FirstHalf;
import dev.faithdiff.networks.unet.TimeEmbedding;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** What steers SUPIR's U-Net: a copy of its first half, whose first features are joined by the degraded photo's (SUPIR_v0.py GLVControl). */
public final class GlvControl {
    private final FirstHalf half;
    private final Conv2d hint;

    public GlvControl(Weights w, UNetConfig c) {
        half = new FirstHalf(w, c);
        hint = new Conv2d(w.at("input_hint_block.0"), c.inChannels(), c.channels()[0], 3);
    }

    /** What embeds its timesteps, with weights of its own. */
    public TimeEmbedding time() { return half.time(); }

    /**
     * What the {@link Connectors} take.
     *
     * @param latents {@code [1, h, w, C]} as the U-Net sees them
     * @param photo   latents of the degraded photo {@code [1, h, w, C]}
     * @param temb    from {@link #time}, for each row of text
     */
    public FirstHalf.Features forward(Tensor latents, Tensor photo, Tensor temb, Context text) {
        try (Scope s = Scope.open()) {
            FirstHalf.Features seen = half.forward(hint.forward(photo, half.embed(latents)), temb, List.of(text));
            return new FirstHalf.Features(seen.skips().stream().map(s::keep).toList(), s.keep(seen.middle()));
        }
    }
}
