package dev.faithdiff.networks.llava;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipVisionTower;

/**
 * Sizes of what LLaVA sees with. The names in {@code vision/config.json} are those of CLIP's configuration.
 *
 * @param vision of CLIP's vision tower, without the layers behind the one whose states are used
 * @param width  of the language model
 */
public record LlavaConfig(ClipVisionTower.Sizes vision, int width) {
    /** Reads {@code vision/config.json}. */
    public static LlavaConfig of(Config c) {
        return c.checked(() -> {
            int patch = c.positive("patch_size"), across = c.positive("image_size") / patch;
            ClipVisionTower.Sizes vision = new ClipVisionTower.Sizes(c.positive("hidden_size"), c.positive("num_attention_heads"),
                    c.integer("num_hidden_layers"), c.positive("intermediate_size"), patch, across * across + 1);
            return new LlavaConfig(vision, c.positive("projection_dim"));
        });
    }

    /** What {@link #of} reads. */
    public JsonObject json() {
        JsonObject c = new JsonObject();
        c.addProperty("hidden_size", vision.width());
        c.addProperty("num_attention_heads", vision.heads());
        c.addProperty("num_hidden_layers", vision.layers());
        c.addProperty("intermediate_size", vision.mlpWidth());
        c.addProperty("image_size", vision.side());
        c.addProperty("patch_size", vision.patch());
        c.addProperty("projection_dim", width);
        return c;
    }
}
