package dev.faithdiff.networks.vae;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of the autoencoder.
 *
 * @param channels     width of each level, outermost first; each level but the last halves the size
 * @param layers       resnets of an encoder level (a decoder level has one more)
 * @param midAttention whether the innermost block attends
 * @param scaling      factor from latents to the diffusion's latents
 */
public record VaeConfig(int[] channels, int layers, int latentChannels, int groups, boolean midAttention, float scaling) {
    private static final int GROUPS = 32;
    /** Of the autoencoder of Stable Diffusion 1 and 2, whose configuration does not have it. */
    private static final double SCALING = 0.18215;

    /** Reads {@code vae/config.json}. */
    public static VaeConfig of(Config c) {
        c.require("in_channels", "3");
        c.require("out_channels", "3");
        c.require("use_quant_conv", "true");
        c.require("use_post_quant_conv", "true");
        return new VaeConfig(c.integers("block_out_channels"), c.integer("layers_per_block"), c.positive("latent_channels"),
                c.positive("norm_num_groups"), c.flag("mid_block_add_attention", true), (float) c.number("scaling_factor", SCALING));
    }

    /**
     * The sizes of an autoencoder with these tensors, of which the number of groups does not show: it is 32, as in those of Stable Diffusion.
     *
     * @param scaling does not show either
     * @throws IllegalArgumentException if the tensors are not those of such an autoencoder
     */
    public static VaeConfig of(NamedShapes s, float scaling) {
        int[] channels = s.sizes("encoder.down_blocks", "resnets.0.conv1.weight", 0);
        NamedShapes.requireMultiples(channels, GROUPS, "groups of the norms");
        return new VaeConfig(channels, s.count("encoder.down_blocks.0.resnets", "conv1.weight"), s.size("decoder.conv_in.weight", 1), GROUPS,
                s.has("encoder.mid_block.attentions.0.to_q.weight"), scaling);
    }

    /** Pixels along one side of a latent. */
    public int downscale() { return 1 << channels.length - 1; }

    /** Bytes that encoding holds at its peak for each pixel. */
    public long encodeBytes() { return Encoder.bytesPerPixel(channels[0]); }

    /** Bytes that decoding holds at its peak for each pixel. */
    public long decodeBytes() { return DecoderBody.bytesPerPixel(channels); }
}
