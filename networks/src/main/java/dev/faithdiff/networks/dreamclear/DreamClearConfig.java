package dev.faithdiff.networks.dreamclear;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of DreamClear's network.
 *
 * @param width      of its tokens (released: 1152)
 * @param depth      blocks of the base and of each branch (released: 28)
 * @param heads      of attention (released: 16)
 * @param channels   of latents; the network gives twice as many (released: 4)
 * @param textWidth  of T5's states (released: 4096)
 * @param textLength tokens of a caption at most (released: 120)
 * @param grid       side of the square of tokens that positions are stretched to (released: 64)
 */
public record DreamClearConfig(int width, int depth, int heads, int channels, int textWidth, int textLength, int grid) {
    /** Side of a patch of latents, which is a token. */
    public static final int PATCH = 2;
    /** Numbers of a head in the released network: heads do not show in shapes. */
    private static final int HEAD = 72;

    public DreamClearConfig {
        boolean fit = width % heads == 0 && width % 12 == 0; // thirds for sizes, quarters for positions
        if (!fit) throw new IllegalArgumentException("a width of " + width + " does not divide into " + heads + " heads, thirds and quarters");
    }

    /** Reads {@code dit/config.json}. */
    public static DreamClearConfig of(Config c) {
        return c.checked(() -> new DreamClearConfig(c.positive("width"), c.positive("depth"), c.positive("heads"), c.positive("channels"),
                c.positive("text_width"), c.positive("text_length"), c.positive("grid")));
    }

    /** The sizes of a network with these tensors, {@link DreamClearNet#POSITIONS} among them. @throws IllegalArgumentException if there are none */
    public static DreamClearConfig of(NamedShapes s) {
        String patches = "base_model.x_embedder.proj.weight", text = "base_model.y_embedder.y_embedding";
        int width = s.size(patches, 0), grid = s.has(DreamClearNet.POSITIONS) ? (int) Math.sqrt(s.size(DreamClearNet.POSITIONS, 1)) : 64;
        return new DreamClearConfig(width, s.count("base_model.blocks", "attn.qkv.weight"), Math.max(1, width / HEAD), s.size(patches, 1),
                s.size(text, 1), s.size(text, 0), grid);
    }

    /** What {@link #of(Config)} reads. */
    public JsonObject json() {
        JsonObject c = new JsonObject();
        c.addProperty("width", width);
        c.addProperty("depth", depth);
        c.addProperty("heads", heads);
        c.addProperty("channels", channels);
        c.addProperty("text_width", textWidth);
        c.addProperty("text_length", textLength);
        c.addProperty("grid", grid);
        return c;
    }
}
