package dev.faithdiff.networks.adcsr;

import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.vae.DecoderBody;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * A pruned U-Net of Stable Diffusion 2.1 that knows neither time nor text, whose result is the features before the middle of a narrower
 * decoder (AdcSR, Chen et al. 2025; {@code model.py} Net). There is no encoder: the U-Net sees the photo's pixels.
 */
public final class AdcSrNet {
    private final AdcSrConfig config;
    private final UNet unet;
    private final DecoderBody decoder;

    /** @param unet and {@code decoder} hold the weights of one network each */
    public AdcSrNet(Weights unet, Weights decoder, AdcSrConfig c) {
        config = c;
        this.unet = unet(unet, c);
        this.decoder = decoder(decoder, c);
    }

    public static UNet unet(Weights w, AdcSrConfig c) { return new UNet(w, c.unet()); }

    public static DecoderBody decoder(Weights w, AdcSrConfig c) {
        return new DecoderBody(w, c.decoderChannels(), c.decoderResnets(), c.decoderGroups(), true);
    }

    public AdcSrConfig config() { return config; }

    /** The features {@code [1, h/2, w/2, C]} of a photo {@code [1, h, w, 3]} in -1..1, whose sides are multiples of {@link AdcSrConfig#multiple}. */
    public Tensor features(Tensor photo) {
        try (Scope s = Scope.open()) {
            return s.keep(unet.denoise(unet.embed(photo.pixelUnshuffle(AdcSrConfig.UNSHUFFLE)), null));
        }
    }

    /** The image {@code [1, 4h, 4w, 3]} of features, nominally -1..1, before it gets the photo's colours. */
    public Tensor decode(Tensor features) { return decoder.forward(features); }

    /** Bytes that decoding holds at its peak for each pixel of the result. */
    public long bytesPerPixel() { return DecoderBody.bytesPerPixel(config.decoderChannels()); }
}
