package dev.faithdiff.networks.rrdb;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of an RRDBNet.
 *
 * @param scale    4, 2 or 1: how many times as large its result is
 * @param features channels of the trunk (released: 64)
 * @param growth   channels that each convolution of a dense block adds (released: 32)
 * @param blocks   residual-in-residual dense blocks (released: 23)
 */
public record RrdbConfig(int scale, int features, int growth, int blocks) {
    /** Far beyond any released network: a limit on what a damaged file can ask for. */
    private static final int MOST_BLOCKS = 1000;
    private static final int COLORS = 3;

    public RrdbConfig {
        check(scale == 4 || scale == 2 || scale == 1, "scale 4, 2 or 1, not " + scale);
        check(features > 0 && growth > 0, "features and growth of at least 1, not " + features + " and " + growth);
        check(blocks > 0 && blocks <= MOST_BLOCKS, "1.." + MOST_BLOCKS + " blocks, not " + blocks);
    }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException("an RRDBNet has " + rule);
    }

    /** Reads {@code model.json}. */
    public static RrdbConfig of(Config c) {
        c.require("in_channels", "" + COLORS);
        c.require("out_channels", "" + COLORS);
        return c.checked(() -> new RrdbConfig(c.integer("scale"), c.integer("features"), c.integer("growth"), c.integer("blocks")));
    }

    /**
     * The sizes of a network with these tensors. Networks of scale 2 and 1 shrink their input first, which shows in its channels.
     *
     * @throws IllegalArgumentException if they are not those of an RRDBNet
     */
    public static RrdbConfig of(NamedShapes s) {
        int inputs = s.size("conv_first.weight", 1), outputs = s.size("conv_last.weight", 0);
        check(outputs == COLORS, COLORS + " colour channels, not " + outputs);
        int scale = inputs == COLORS ? 4 : inputs == 4 * COLORS ? 2 : inputs == 16 * COLORS ? 1 : 0;
        check(scale > 0, "3, 12 or 48 input channels for the scales 4, 2 and 1, not " + inputs);
        int blocks = s.count("body", "rdb1.conv1.weight");
        return new RrdbConfig(scale, s.size("conv_first.weight", 0), s.size("body.0.rdb1.conv1.weight", 0), blocks);
    }

    /** The side, in pixels, of the square that the trunk sees as one pixel: its result is 4 times as large as what it sees. */
    public int unshuffle() { return 4 / scale; }

    /** Bytes held at the peak for each pixel of the result: a convolution's input and output at full size. */
    public long bytesPerPixel() { return 2L * features * Float.BYTES; }
}
