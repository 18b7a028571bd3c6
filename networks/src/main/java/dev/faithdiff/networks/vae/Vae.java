package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** The autoencoder between images and latents (diffusers AutoencoderKL). Images are {@code [B, H, W, 3]} in -1..1. */
public final class Vae {
    /** A normal distribution over latents; both {@code [B, h, w, latentChannels]}, the log variance clamped to -30..20. */
    public record Gaussian(Tensor mean, Tensor logVariance) {
        /** Mean and log variance as the encoder's {@code [B, h, w, 2*latentChannels]} holds them one after the other. */
        public static Gaussian of(Tensor parameters) {
            int c = parameters.size(3) / 2;
            return new Gaussian(parameters.slice(3, 0, c), parameters.slice(3, c, 2 * c).clamp(-30, 20));
        }

        public Tensor deviation() { return logVariance.mul(0.5f).exp(); }

        public Tensor sample(Tensor noise) { return mean.add(deviation().mul(noise)); }
    }

    private final VaeConfig config;
    private final VaeEncoder encoder;
    private final Conv2d quant, postQuant;
    private final Decoder decoder;

    public Vae(Weights w, VaeConfig c) {
        config = c;
        int z = c.latentChannels();
        encoder = new VaeEncoder(w.at("encoder"), c);
        quant = new Conv2d(w.at("quant_conv"), 2 * z, 2 * z, 1);
        postQuant = new Conv2d(w.at("post_quant_conv"), z, z, 1);
        decoder = new Decoder(w.at("decoder"), c);
    }

    private Vae(Vae of, VaeEncoder encoder) {
        config = of.config;
        this.encoder = encoder;
        quant = of.quant;
        postQuant = of.postQuant;
        decoder = of.decoder;
    }

    /** This autoencoder with another encoder. */
    public Vae encodingBy(VaeEncoder other) { return new Vae(this, other); }

    public VaeConfig config() { return config; }

    /** Mean and log variance {@code [B, h, w, 2*latentChannels]} of an image, before the clamp. */
    public Tensor encode(Tensor image) {
        try (Scope s = Scope.open()) {
            return s.keep(quant.forward(encoder.forward(image)));
        }
    }

    /** The image of latents that are already divided by the scaling factor. */
    public Tensor decode(Tensor z) { return decode(z, LevelControl.NONE); }

    /** As {@link #decode(Tensor)}. @param control acts in the decoder behind the resnets of each level */
    public Tensor decode(Tensor z, LevelControl control) {
        try (Scope s = Scope.open()) {
            return s.keep(decoder.forward(postQuant.forward(z), control));
        }
    }

    /** What the encoder makes of an image at the levels {@code from..to-1}: {@code [B, H/2^i, W/2^i, channels[i]]}. */
    public List<Tensor> features(Tensor image, int from, int to) { return encoder.features(image, from, to); }

    /** {@link #encode(Tensor)} for tiles of an image side by side. */
    public void encode(SideBySide tiles) {
        encoder.forward(tiles);
        tiles.each(quant::forward);
    }

    /** {@link #decode(Tensor)} for tiles of latents side by side. */
    public void decode(SideBySide tiles) {
        tiles.each(postQuant::forward);
        decoder.forward(tiles);
    }
}
