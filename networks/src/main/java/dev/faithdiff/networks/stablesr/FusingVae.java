package dev.faithdiff.networks.stablesr;

import dev.faithdiff.networks.vae.LevelControl;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * An autoencoder whose decoder, at all levels but the outermost and the innermost, also takes what the encoder saw of the degraded photo
 * (controllable feature wrapping, Wang et al. 2024; StableSR AutoencoderKLResi).
 */
public final class FusingVae {
    private final Vae vae;
    private final List<FusionBlock> fusions = new ArrayList<>();

    public FusingVae(Weights w, VaeConfig c, FusingConfig f) {
        vae = new Vae(w, c);
        int[] channels = c.channels();
        for (int i = 1; i < channels.length - 1; i++) {
            fusions.add(new FusionBlock(w.at("decoder.fusion_layer_" + i), channels[i], f, c.groups()));
        }
    }

    /** The autoencoder by itself. */
    public Vae vae() { return vae; }

    /** Bytes that decoding holds at its peak for each pixel, with what the encoder saw. */
    public long decodeBytes() {
        long bytes = vae.config().decodeBytes();
        for (int i = 1; i <= fusions.size(); i++) bytes += (long) vae.config().channels()[i] * Float.BYTES >> 2 * i;
        return bytes;
    }

    /**
     * The image {@code [B, H, W, 3]} of latents that are already divided by the scaling factor.
     *
     * @param z      {@code [B, h, w, latentChannels]}
     * @param photo  {@code [B, H, W, 3]} in -1..1
     * @param weight how much the photo counts; 0: nothing is looked at but the latents
     */
    public Tensor decode(Tensor z, Tensor photo, float weight) {
        if (weight == 0) return vae.decode(z);
        try (Scope s = Scope.open()) {
            List<Tensor> seen = vae.features(photo, 1, fusions.size() + 1);
            LevelControl fused = (level, h) ->
                    level == 0 || level > fusions.size() ? h : fusions.get(level - 1).forward(seen.get(level - 1), h, weight);
            return s.keep(vae.decode(z, fused));
        }
    }
}
