package dev.faithdiff.networks.align;

import dev.faithdiff.model.Config;

/**
 * Sizes of what FaithDiff adds to the U-Net; the published implementation hard-codes them, {@code model.json} of a converted model
 * holds them.
 *
 * @param lastFeatures      whether the features are the encoder's last ones, an ablation of the paper's table 5; released models take
 *                          those behind its middle block
 * @param conditionChannels width of the LQ encoder's features
 * @param embeddingChannels width of the U-Net's first features
 * @param width             width of the alignment blocks
 */
public record AlignConfig(int[] encoderChannels, int encoderLayers, int encoderGroups, boolean encoderAttention, boolean lastFeatures,
        int conditionChannels, int conditionGroups, float conditionEps, int embeddingChannels, int width, int heads, int layers, int mlpRatio,
        float normEps) {
    /** Reads the {@code faithdiff} part of {@code model.json}. */
    public static AlignConfig of(Config c) {
        c.require("attention_axis", "batch");
        return new AlignConfig(c.integers("encoder_block_out_channels"), c.integer("encoder_layers_per_block"),
                c.integer("encoder_norm_num_groups"), c.flag("encoder_mid_block_add_attention", true),
                c.flag("encoder_last_features", false), c.integer("condition_channels"),
                c.integer("condition_norm_num_groups"), (float) c.number("condition_norm_eps"), c.integer("embedding_channels"),
                c.integer("transformer_width"), c.integer("transformer_heads"), c.integer("transformer_layers"),
                c.integer("transformer_mlp_ratio"), (float) c.number("layer_norm_eps"));
    }
}
