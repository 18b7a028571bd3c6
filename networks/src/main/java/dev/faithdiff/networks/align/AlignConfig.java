package dev.faithdiff.networks.align;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;
import java.util.List;

/**
 * Sizes of what FaithDiff adds to the U-Net; the published implementation hard-codes them, {@code model.json} of a converted model
 * holds them.
 *
 * @param lastFeatures      whether the features are the encoder's last ones, an ablation of the paper's table 5; released models take
 *                          those after its middle block
 * @param conditionChannels width of the LQ encoder's features
 * @param embeddingChannels width of the U-Net's first features
 * @param width             width of the alignment blocks
 */
public record AlignConfig(int[] encoderChannels, int encoderLayers, int encoderGroups, boolean encoderAttention, boolean lastFeatures,
        int conditionChannels, int conditionGroups, float conditionEps, int embeddingChannels, int width, int heads, int layers, int mlpRatio,
        float normEps) {
    /** The added modules as files name them, one with the published misspelling. */
    public static final String ENCODER = "denoise_encoder", CONDITION = "condition_embedding", BLOCKS = "information_transformer_layes",
            PROJECTION = "spatial_ch_projs";
    public static final List<String> MODULES = List.of(ENCODER, CONDITION, BLOCKS, PROJECTION);

    /** As released. */
    private static final int GROUPS = 32, HEADS = 8;
    private static final float CONDITION_EPS = 1e-6f, NORM_EPS = 1e-5f;
    private static final int LARGEST_RATIO = 100;

    /** Reads the {@code faithdiff} part of {@code model.json}. */
    public static AlignConfig of(Config c) {
        c.require("attention_axis", "batch");
        return new AlignConfig(c.integers("encoder_block_out_channels"), c.integer("encoder_layers_per_block"),
                c.positive("encoder_norm_num_groups"), c.flag("encoder_mid_block_add_attention", true),
                c.flag("encoder_last_features", false), c.positive("condition_channels"),
                c.positive("condition_norm_num_groups"), (float) c.number("condition_norm_eps"), c.positive("embedding_channels"),
                c.positive("transformer_width"), c.positive("transformer_heads"), c.integer("transformer_layers"),
                c.within("transformer_mlp_ratio", 1, LARGEST_RATIO), (float) c.number("layer_norm_eps"));
    }

    /**
     * The sizes of modules with these tensors. What does not show in a shape is as released: 8 heads, 32 groups, features from after the
     * middle block.
     *
     * @throws IllegalArgumentException if the tensors are not those of such modules
     */
    public static AlignConfig of(NamedShapes s) {
        int width = s.size(BLOCKS + ".0.attn.out_proj.weight", 0);
        return new AlignConfig(s.sizes(ENCODER + ".down_blocks", "resnets.0.conv1.weight", 0),
                s.count(ENCODER + ".down_blocks.0.resnets", "conv1.weight"), GROUPS, s.has(ENCODER + ".mid_block.attentions.0.to_q.weight"), false,
                s.size(CONDITION + ".conv_in.weight", 1), GROUPS, CONDITION_EPS, s.size(CONDITION + ".conv_out.weight", 0), width, HEADS,
                s.count(BLOCKS, "attn.out_proj.weight"), s.size(BLOCKS + ".0.mlp.c_fc.weight", 0) / width, NORM_EPS);
    }
}
