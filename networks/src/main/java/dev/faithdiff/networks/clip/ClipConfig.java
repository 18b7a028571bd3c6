package dev.faithdiff.networks.clip;

import dev.faithdiff.model.Config;

/**
 * Sizes of a CLIP text encoder.
 *
 * @param quickGelu  activation x*sigmoid(1.702x) (encoder 1) instead of the exact GELU (encoder 2)
 * @param projection width of the pooled text, 0 for an encoder without projection
 */
public record ClipConfig(int width, int layers, int heads, int mlpWidth, int vocabulary, int positions, float eps, boolean quickGelu,
        int projection) {
    /** Reads {@code text_encoder*\/config.json}. */
    public static ClipConfig of(Config c) {
        String[] kinds = c.texts("architectures");
        boolean projects = kinds.length > 0 && kinds[0].equals("CLIPTextModelWithProjection");
        return new ClipConfig(c.integer("hidden_size"), c.integer("num_hidden_layers"), c.integer("num_attention_heads"),
                c.integer("intermediate_size"), c.integer("vocab_size"), c.integer("max_position_embeddings", 77),
                (float) c.number("layer_norm_eps", 1e-5), c.text("hidden_act").equals("quick_gelu"),
                projects ? c.integer("projection_dim") : 0);
    }
}
