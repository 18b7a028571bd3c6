package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** An autoencoder's encoder: its body, and the norm and the convolution behind it. SUPIR has a second one, which sees degraded photos. */
public final class VaeEncoder {
    private final Encoder body;
    private final GroupNorm normOut;
    private final Conv2d convOut;

    public VaeEncoder(Weights w, VaeConfig c) {
        int width = c.channels()[c.channels().length - 1];
        body = new Encoder(w, c.channels(), c.layers(), c.groups(), c.midAttention());
        normOut = new GroupNorm(w.at("conv_norm_out"), width, c.groups(), Encoder.EPS);
        convOut = new Conv2d(w.at("conv_out"), width, 2 * c.latentChannels(), 3);
    }

    /** {@code [B, H, W, 3]} in -1..1 to {@code [B, h, w, 2*latentChannels]}. */
    public Tensor forward(Tensor image) {
        try (Scope s = Scope.open()) {
            return s.keep(convOut.forward(normOut.forwardSilu(body.forward(image))));
        }
    }

    /** The features behind the resnets of the levels {@code from..to-1}: {@code [B, H/2^i, W/2^i, channels[i]]}. */
    List<Tensor> features(Tensor image, int from, int to) { return body.features(image, from, to); }

    /** The same as {@link #forward(Tensor)} for tiles side by side. */
    public void forward(SideBySide tiles) {
        body.forward(tiles);
        tiles.norm(normOut, true);
        tiles.each(convOut::forward);
    }
}
