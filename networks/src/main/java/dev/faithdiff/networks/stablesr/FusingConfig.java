package dev.faithdiff.networks.stablesr;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of what StableSR adds to an autoencoder.
 *
 * @param blocks residual-in-residual dense blocks of each fusion @param growth channels that each of their convolutions adds
 */
public record FusingConfig(int blocks, int growth) {
    private static final String BLOCKS = "fusion_blocks", GROWTH = "fusion_growth";

    /** Reads {@code model.json}. */
    public static FusingConfig of(Config c) { return new FusingConfig(c.positive(BLOCKS), c.positive(GROWTH)); }

    /** The sizes of an autoencoder with these tensors. @throws IllegalArgumentException if they are not those of one */
    public static FusingConfig of(NamedShapes s) {
        String dense = "decoder.fusion_layer_1.encode_enc_2";
        return new FusingConfig(s.count(dense, "rdb1.conv1.weight"), s.size(dense + ".0.rdb1.conv1.weight", 0));
    }

    /** Adds them to what {@code model.json} holds. */
    public void addTo(JsonObject model) {
        model.addProperty(BLOCKS, blocks);
        model.addProperty(GROWTH, growth);
    }
}
