package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** From latents to pixels (diffusers Decoder). */
final class Decoder {
    private final Conv2d convIn;
    private final DecoderBody body;

    Decoder(Weights w, VaeConfig c) {
        convIn = new Conv2d(w.at("conv_in"), c.latentChannels(), c.channels()[c.channels().length - 1], 3);
        body = new DecoderBody(w, c.channels(), c.layers() + 1, c.groups(), c.midAttention());
    }

    /** {@code [B, h, w, latentChannels]} to {@code [B, H, W, 3]}. */
    Tensor forward(Tensor z, LevelControl control) {
        try (Scope s = Scope.open()) {
            return s.keep(body.forward(convIn.forward(z), control));
        }
    }

    /** The same for tiles side by side. */
    void forward(SideBySide tiles) {
        tiles.each(convIn::forward);
        body.forward(tiles);
    }
}
