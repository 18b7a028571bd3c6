package dev.faithdiff.networks.rrdb;

import dev.faithdiff.model.Config;

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
        c.require("in_channels", "3");
        c.require("out_channels", "3");
        return new RrdbConfig(c.integer("scale"), c.integer("features"), c.integer("growth"), c.integer("blocks"));
    }

    /** Pixels along one side of what the trunk sees as one: scales 2 and 1 shrink their input so that four times that is the result. */
    public int unshuffle() { return 4 / scale; }

    /** Bytes held at the peak for each pixel of the result: a convolution's input and output at full size. */
    public long bytesPerPixel() { return 2L * features * Float.BYTES; }
}
