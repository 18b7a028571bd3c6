package dev.faithdiff.sdxl;

import dev.faithdiff.model.Config;

/**
 * Sizes of an SDXL U-Net.
 *
 * @param channels   width of each level, outermost first
 * @param attention  whether a level has transformers
 * @param heads      attention heads of each level
 * @param depth      transformer blocks behind each resnet of a level
 * @param sizeWidth  sinusoid width of each of the six size numbers
 * @param extraWidth width of pooled text and size sinusoids together
 */
public record UNetConfig(int inChannels, int outChannels, int[] channels, int layers, boolean[] attention, int[] heads, int[] depth,
        int textWidth, int groups, float eps, int sizeWidth, int extraWidth) {

    /** Reads {@code unet/config.json} and refuses what no shipped SDXL configuration uses. */
    public static UNetConfig of(Config c) {
        int[] channels = c.integers("block_out_channels");
        int levels = channels.length;
        c.require("addition_embed_type", "text_time");
        c.require("use_linear_projection", "true");
        c.require("act_fn", "silu");
        c.require("flip_sin_to_cos", "true");
        c.require("mid_block_type", "UNetMidBlock2DCrossAttn");
        String[] down = c.texts("down_block_types");
        boolean[] attention = new boolean[levels];
        for (int i = 0; i < levels; i++) attention[i] = down[i].equals("CrossAttnDownBlock2D");
        // Published configurations give the number of heads under attention_head_dim.
        int[] heads = c.integers(c.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", levels);
        return new UNetConfig(c.integer("in_channels"), c.integer("out_channels"), channels, c.integer("layers_per_block"), attention,
                heads, c.integers("transformer_layers_per_block", levels), c.integer("cross_attention_dim"),
                c.integer("norm_num_groups"), (float) c.number("norm_eps"), c.integer("addition_time_embed_dim"),
                c.integer("projection_class_embeddings_input_dim"));
    }

    /** Width of the time embedding. */
    public int timeChannels() { return 4 * channels[0]; }
}
