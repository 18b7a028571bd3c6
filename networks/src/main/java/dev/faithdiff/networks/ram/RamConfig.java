package dev.faithdiff.networks.ram;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.swin.SwinConfig;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of RAM. The names in {@code model.json} are those of its published settings.
 *
 * @param imageSize side of the image that it sees
 * @param embedding width of the image's embedding, and of the labels'
 * @param hidden    width of the tagging head
 * @param heads     of the tagging head's attention
 * @param layers    of the tagging head
 * @param mlpWidth  of the tagging head's layers
 * @param labels    the number of tags that it knows
 */
public record RamConfig(int imageSize, SwinConfig swin, int embedding, int hidden, int heads, int layers, int mlpWidth, int labels) {
    /** The published heads of the tagging head, and the published image's side. */
    private static final int HEADS = 4, IMAGE_SIZE = 384;
    private static final String HEAD = "tagging_head.encoder.layer";

    public RamConfig {
        if (!swin.fits(imageSize)) throw new IllegalArgumentException("windows do not fill images of " + imageSize + " pixels");
        if (hidden % heads != 0) throw new IllegalArgumentException("a width of " + hidden + " cannot be divided into " + heads + " heads");
    }

    /** Reads {@code model.json}. */
    public static RamConfig of(Config c) {
        return c.checked(() -> {
            int[] depths = c.integers("depths"), heads = c.integers("num_heads", depths.length);
            SwinConfig swin = new SwinConfig(c.positive("patch_size"), c.positive("window_size"), c.positive("embed_dim"), depths, heads,
                    c.positive("mlp_ratio"));
            return new RamConfig(c.positive("image_size"), swin, c.positive("feature_width"), c.positive("tagging_hidden"),
                    c.positive("tagging_heads"), c.positive("tagging_layers"), c.positive("tagging_mlp"), c.positive("num_class"));
        });
    }

    /** The sizes that tensors show. The image's side is that of the first mask, which released files hold, or the published one. */
    public static RamConfig of(NamedShapes s) {
        SwinConfig swin = SwinConfig.of(s, "visual_encoder");
        String mask = "visual_encoder.layers.0.blocks.1.attn_mask", label = "label_embed", mlp = HEAD + ".0.intermediate.dense.weight";
        int across = s.has(mask) ? (int) Math.round(Math.sqrt(s.size(mask, 0))) : 0;
        return new RamConfig(across > 0 ? across * swin.window() * swin.patch() : IMAGE_SIZE, swin, s.size(label, 1), s.size(mlp, 1), HEADS,
                s.count(HEAD, "intermediate.dense.weight"), s.size(mlp, 0), s.size(label, 0));
    }

    /** What {@link #of(Config)} reads. */
    public JsonObject json() {
        JsonObject c = new JsonObject();
        c.addProperty("image_size", imageSize);
        c.addProperty("patch_size", swin.patch());
        c.addProperty("window_size", swin.window());
        c.addProperty("embed_dim", swin.width());
        c.add("depths", array(swin.depths()));
        c.add("num_heads", array(swin.heads()));
        c.addProperty("mlp_ratio", swin.mlpRatio());
        c.addProperty("feature_width", embedding);
        c.addProperty("tagging_hidden", hidden);
        c.addProperty("tagging_heads", heads);
        c.addProperty("tagging_layers", layers);
        c.addProperty("tagging_mlp", mlpWidth);
        c.addProperty("num_class", labels);
        return c;
    }

    private static JsonArray array(int[] values) {
        JsonArray a = new JsonArray();
        for (int v : values) a.add(v);
        return a;
    }
}
