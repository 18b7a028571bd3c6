package dev.faithdiff.networks.clip;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of a CLIP text encoder.
 *
 * @param quickGelu  activation x*sigmoid(1.702x) (encoder 1) instead of the exact GELU (encoder 2)
 * @param projection width of the pooled text, 0 for an encoder without projection
 */
public record ClipConfig(int width, int layers, int heads, int mlpWidth, int vocabulary, int positions, float eps, boolean quickGelu,
        int projection) {
    private static final int HEAD = 64, POSITIONS = 77;
    private static final float EPS = 1e-5f;

    /** Reads {@code text_encoder*\/config.json}. */
    public static ClipConfig of(Config c) {
        boolean projects = c.texts("architectures")[0].equals("CLIPTextModelWithProjection");
        return new ClipConfig(c.positive("hidden_size"), c.integer("num_hidden_layers"), c.positive("num_attention_heads"),
                c.positive("intermediate_size"), c.positive("vocab_size"), c.integer("max_position_embeddings", POSITIONS),
                (float) c.number("layer_norm_eps", EPS), quickGelu(c), projects ? c.positive("projection_dim") : 0);
    }

    /** Whether {@code config.json} says that the activation is x*sigmoid(1.702x). */
    public static boolean quickGelu(Config c) { return c.text("hidden_act").equals("quick_gelu"); }

    /**
     * The sizes of a text encoder with these tensors, of which the width of a head does not show: it is 64, as in all released ones.
     *
     * @param quickGelu does not show either
     * @throws IllegalArgumentException if the tensors are not those of such a text encoder
     */
    public static ClipConfig of(NamedShapes s, boolean quickGelu) {
        String tokens = "text_model.embeddings.token_embedding.weight";
        int width = s.size(tokens, 1);
        NamedShapes.requireMultiples(new int[] {width}, HEAD, "the width of a head");
        return new ClipConfig(width, s.count("text_model.encoder.layers", "mlp.fc1.weight"), width / HEAD,
                s.size("text_model.encoder.layers.0.mlp.fc1.weight", 0), s.size(tokens, 0),
                s.size("text_model.embeddings.position_embedding.weight", 0), EPS, quickGelu,
                s.has("text_projection.weight") ? s.size("text_projection.weight", 0) : 0);
    }
}
