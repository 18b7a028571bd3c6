package dev.faithdiff.networks.swin;

import dev.faithdiff.nn.NamedShapes;
import java.util.stream.IntStream;

/**
 * Sizes of a Swin transformer.
 *
 * @param width  of the first stage's features; each next one has twice as many
 * @param depths blocks of each stage
 * @param heads  attention heads of each stage
 */
public record SwinConfig(int patch, int window, int width, int[] depths, int[] heads, int mlpRatio) {
    public SwinConfig {
        if (depths.length == 0 || depths.length != heads.length) throw new IllegalArgumentException("depths and heads must be as many");
        for (int i = 0; i < heads.length; i++) {
            if (heads[i] == 0 || (width << i) % heads[i] != 0) {
                throw new IllegalArgumentException("a width of " + (width << i) + " cannot be divided into " + heads[i] + " heads");
            }
        }
    }

    /** The sizes that the shapes of its tensors show. @param name what their names begin with, without the point */
    public static SwinConfig of(NamedShapes s, String name) {
        int stages = s.count(name + ".layers", "blocks.0.norm1.weight");
        int[] depths = new int[stages], heads = new int[stages];
        for (int i = 0; i < stages; i++) {
            depths[i] = s.count(name + ".layers." + i + ".blocks", "norm1.weight");
            heads[i] = s.size(table(name, i), 1);
        }
        String patches = name + ".patch_embed.proj.weight", mlp = name + ".layers.0.blocks.0.mlp.fc1.weight";
        int side = (int) Math.round(Math.sqrt(s.size(table(name, 0), 0)));
        return new SwinConfig(s.size(patches, 2), (side + 1) / 2, s.size(patches, 0), depths, heads, s.size(mlp, 0) / s.size(mlp, 1));
    }

    private static String table(String name, int stage) {
        return name + ".layers." + stage + ".blocks.0.attn.relative_position_bias_table";
    }

    public int stages() { return depths.length; }

    /** The width of a stage. */
    public int width(int stage) { return width << stage; }

    /** How many times smaller the features' sides are than the image's. */
    public int downscale() { return patch << stages() - 1; }

    /** Whether windows fill the map of each stage, for square images of a side. */
    public boolean fits(int side) {
        return side % downscale() == 0 && IntStream.range(0, stages()).allMatch(i -> (side / patch >> i) % window == 0);
    }
}
