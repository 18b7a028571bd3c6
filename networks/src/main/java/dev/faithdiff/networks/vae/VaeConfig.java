package dev.faithdiff.networks.vae;

import dev.faithdiff.model.Config;

/**
 * Sizes of the autoencoder.
 *
 * @param channels     width of each level, outermost first; each level but the last halves the size
 * @param layers       resnets of an encoder level (a decoder level has one more)
 * @param midAttention whether the innermost block attends
 * @param scaling      factor from latents to the diffusion's latents
 */
public record VaeConfig(int[] channels, int layers, int latentChannels, int groups, boolean midAttention, float scaling) {
    /** Reads {@code vae/config.json}. */
    public static VaeConfig of(Config c) {
        return new VaeConfig(c.integers("block_out_channels"), c.integer("layers_per_block"), c.integer("latent_channels"),
                c.integer("norm_num_groups"), c.flag("mid_block_add_attention", true), (float) c.number("scaling_factor"));
    }

    /** Pixels along one side of a latent. */
    public int downscale() { return 1 << channels.length - 1; }

    /** Bytes that encoding holds at its peak for each pixel. */
    public long encodeBytes() { return Encoder.bytesPerPixel(channels[0]); }

    /** Bytes that decoding holds at its peak for each pixel: the second level's width is upsampled before it narrows. */
    public long decodeBytes() { return Encoder.bytesPerPixel(Math.max(channels[0], channels[1])); }
}
