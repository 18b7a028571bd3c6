package dev.faithdiff.networks.swinir;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of a SwinIR.
 *
 * @param width    of its tokens (released: 180)
 * @param blocks   of each of its layers (released: 6, in 8 layers)
 * @param heads    attention heads (released: 6)
 * @param window   side of a window of attention, in tokens (released: 8)
 * @param mlpWidth width of the blocks' MLPs (released: 360)
 * @param features channels behind the trunk (released: 64)
 * @param doublings how often the trunk's result is made twice as large; a token is a square of as many pixels (released: 3)
 */
public record SwinIrConfig(int width, int[] blocks, int heads, int window, int mlpWidth, int features, int doublings) {
    private static final int COLORS = 3, MOST_DOUBLINGS = 4;

    public SwinIrConfig {
        check(width > 0 && heads > 0 && width % heads == 0, "a width that is a multiple of its heads, not " + width + " and " + heads);
        check(window > 1 && mlpWidth > 0 && features > 0, "a window of at least 2 and widths of at least 1");
        check(doublings >= 0 && doublings <= MOST_DOUBLINGS, "0.." + MOST_DOUBLINGS + " enlargements, not " + doublings);
    }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException("a SwinIR has " + rule);
    }

    /** Reads the sizes as {@code model.json} has them. */
    public static SwinIrConfig of(Config c) {
        return c.checked(() -> new SwinIrConfig(c.positive("width"), c.integers("blocks"), c.positive("heads"), c.positive("window"),
                c.positive("mlp_width"), c.positive("features"), c.integer("doublings")));
    }

    /** The sizes of a network with these tensors. @throws IllegalArgumentException if they are not those of a SwinIR that keeps an image's size */
    public static SwinIrConfig of(NamedShapes s) {
        String block = "layers.0.residual_group.blocks.0.", table = block + "attn.relative_position_bias_table";
        int layers = s.count("layers", "conv.weight"), doublings = 0;
        int[] blocks = new int[layers];
        for (int i = 0; i < layers; i++) blocks[i] = s.count("layers." + i + ".residual_group.blocks", "norm1.weight");
        while (s.has("conv_up" + (doublings + 1) + ".weight")) doublings++;
        int inputs = s.size("conv_first.1.weight", 1), places = s.size(table, 0);
        check(inputs == COLORS << 2 * doublings, "a result as large as its input, but this one shrinks and enlarges differently");
        int window = ((int) Math.round(Math.sqrt(places)) + 1) / 2;
        check((2 * window - 1) * (2 * window - 1) == places, "square windows");
        return new SwinIrConfig(s.size("conv_first.1.weight", 0), blocks, s.size(table, 1), window, s.size(block + "mlp.fc1.weight", 0),
                s.size("conv_before_upsample.0.weight", 0), doublings);
    }

    /** The side, in pixels, of the square that the trunk sees as one token. */
    public int unshuffle() { return 1 << doublings; }

    /** Pixels of which both sides of an image are a multiple: whole windows. */
    public int multiple() { return window * unshuffle(); }

    /** Bytes held at the peak for each pixel: a convolution's input and output at full size. */
    public long bytesPerPixel() { return 2L * Float.BYTES * features; }
}
