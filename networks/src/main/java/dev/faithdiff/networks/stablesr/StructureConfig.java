package dev.faithdiff.networks.stablesr;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;
import java.util.Arrays;

/**
 * Sizes of StableSR's structure encoder and of the modulation by what it gives.
 *
 * @param inChannels  of the photo's latents
 * @param channels    width of each level, outermost first
 * @param layers      resnets of a level
 * @param attending   how many levels, outermost first, attend behind their resnets; the middle always does
 * @param heads       of every attention
 * @param outChannels of the maps that it gives
 * @param hidden      width of what each modulation makes of a map first
 * @param groups      of every norm
 */
public record StructureConfig(int inChannels, int[] channels, int layers, int attending, int heads, int outChannels, int hidden, int groups) {
    /** The published number, which does not show in shapes. */
    private static final int HEADS = 4;

    /** Reads {@code structure/config.json}. */
    public static StructureConfig of(Config c) {
        int[] channels = c.integers("block_out_channels");
        for (String divisor : new String[] {"num_attention_heads", "norm_num_groups"}) {
            int d = c.positive(divisor);
            if (Arrays.stream(channels).anyMatch(n -> n % d != 0)) throw c.wrong(divisor, "a divisor of 'block_out_channels'");
        }
        return new StructureConfig(c.positive("in_channels"), channels, c.positive("layers_per_block"),
                c.within("attention_levels", 0, channels.length), c.positive("num_attention_heads"), c.positive("out_channels"),
                c.positive("modulation_channels"), c.positive("norm_num_groups"));
    }

    /**
     * The sizes of networks with these tensors, which have 4 heads.
     *
     * @param spade  of the modulation
     * @param groups do not show in shapes
     * @throws IllegalArgumentException if the tensors are not those of such networks
     */
    public static StructureConfig of(NamedShapes encoder, NamedShapes spade, int groups) {
        int[] channels = encoder.sizes("down_blocks", "resnets.0.conv1.weight", 0);
        int attending = 0;
        while (attending < channels.length && encoder.has("down_blocks." + attending + ".attentions.0.qkv.weight")) attending++;
        String shared = "down_blocks.0.resnets.0.spade.mlp_shared.0.weight";
        return new StructureConfig(encoder.size("conv_in.weight", 1), channels, encoder.count("down_blocks.0.resnets", "conv1.weight"),
                attending, HEADS, spade.size(shared, 1), spade.size(shared, 0), groups);
    }

    /** The content of {@code structure/config.json}. */
    public JsonObject json() {
        JsonObject json = new JsonObject();
        JsonArray widths = new JsonArray();
        for (int n : channels) widths.add(n);
        json.addProperty("in_channels", inChannels);
        json.add("block_out_channels", widths);
        json.addProperty("layers_per_block", layers);
        json.addProperty("attention_levels", attending);
        json.addProperty("num_attention_heads", heads);
        json.addProperty("out_channels", outChannels);
        json.addProperty("modulation_channels", hidden);
        json.addProperty("norm_num_groups", groups);
        return json;
    }
}
