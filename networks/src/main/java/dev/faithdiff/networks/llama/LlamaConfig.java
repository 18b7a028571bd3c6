package dev.faithdiff.networks.llama;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;

/**
 * Sizes of a LLaMA (Touvron et al., arXiv:2302.13971), under the names of its published configuration.
 *
 * @param heads    of queries @param keyHeads of keys and values, a divisor of {@code heads}
 * @param mlpWidth of the feed-forward layers
 * @param theta    of the rotary positions
 */
public record LlamaConfig(int width, int layers, int heads, int keyHeads, int mlpWidth, int vocabulary, float eps, float theta) {
    /** Numbers of a head in released models, where no configuration says it. */
    public static final int HEAD = 128;

    public LlamaConfig {
        boolean fit = width % heads == 0 && width / heads % 2 == 0 && heads % keyHeads == 0;
        if (!fit) throw new IllegalArgumentException("a width of " + width + " does not divide into " + heads + " heads on " + keyHeads + " of keys");
    }

    /** Reads {@code language/config.json}. */
    public static LlamaConfig of(Config c) {
        return c.checked(() -> new LlamaConfig(c.positive("hidden_size"), c.integer("num_hidden_layers"), c.positive("num_attention_heads"),
                c.positive("num_key_value_heads"), c.positive("intermediate_size"), c.positive("vocab_size"),
                (float) c.number("rms_norm_eps", 1e-5), (float) c.number("rope_theta", 10000)));
    }

    /** Width of keys and of values. */
    public int keyWidth() { return width / heads * keyHeads; }

    /** What {@link #of} reads. */
    public JsonObject json() {
        JsonObject c = new JsonObject();
        c.addProperty("hidden_size", width);
        c.addProperty("num_hidden_layers", layers);
        c.addProperty("num_attention_heads", heads);
        c.addProperty("num_key_value_heads", keyHeads);
        c.addProperty("intermediate_size", mlpWidth);
        c.addProperty("vocab_size", vocabulary);
        c.addProperty("rms_norm_eps", Double.parseDouble(Float.toString(eps)));
        c.addProperty("rope_theta", theta);
        return c;
    }
}
