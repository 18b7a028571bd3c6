package dev.faithdiff.networks.rrdb;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of an RRDBNet.
 *
 * @param scale        how many times as large its result is
 * @param features     channels of the trunk (released: 64)
 * @param growth       channels that each convolution of a dense block adds (released: 32)
 * @param blocks       residual-in-residual dense blocks (released: 23)
 * @param enlargements how often the trunk's result is made twice as large (Real-ESRGAN: 2)
 */
public record RrdbConfig(int scale, int features, int growth, int blocks, int enlargements) {
    /** Far beyond any released network: a limit on what a damaged file can ask for. */
    private static final int MOST_BLOCKS = 1000, MOST_ENLARGEMENTS = 4;
    private static final int COLORS = 3, USUAL = 2, MOST_UNSHUFFLE = 4;

    public RrdbConfig {
        check(enlargements >= 0 && enlargements <= MOST_ENLARGEMENTS, "0.." + MOST_ENLARGEMENTS + " enlargements, not " + enlargements);
        int most = 1 << enlargements;
        check(scale > 0 && scale * (most / scale) == most && most / scale <= MOST_UNSHUFFLE, "with " + enlargements + " enlargements the scale "
                + most + ", or a half or a quarter of it, not " + scale);
        check(features > 0 && growth > 0, "features and growth of at least 1, not " + features + " and " + growth);
        check(blocks > 0 && blocks <= MOST_BLOCKS, "1.." + MOST_BLOCKS + " blocks, not " + blocks);
    }

    /** Real-ESRGAN's networks enlarge twice, and those of scale 2 and 1 shrink the photo before. */
    public RrdbConfig(int scale, int features, int growth, int blocks) { this(scale, features, growth, blocks, USUAL); }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException("an RRDBNet has " + rule);
    }

    /** Reads {@code model.json}. */
    public static RrdbConfig of(Config c) {
        c.require("in_channels", "" + COLORS);
        c.require("out_channels", "" + COLORS);
        return c.checked(() -> new RrdbConfig(c.integer("scale"), c.integer("features"), c.integer("growth"), c.integer("blocks"),
                c.integer("enlargements", USUAL)));
    }

    /**
     * The sizes of a network with these tensors. Each enlargement has a convolution. Networks that shrink their input first show it in its
     * channels.
     *
     * @throws IllegalArgumentException if they are not those of an RRDBNet
     */
    public static RrdbConfig of(NamedShapes s) {
        int inputs = s.size("conv_first.weight", 1), outputs = s.size("conv_last.weight", 0);
        check(outputs == COLORS, COLORS + " colour channels, not " + outputs);
        int unshuffle = inputs == COLORS ? 1 : inputs == 4 * COLORS ? 2 : inputs == 16 * COLORS ? 4 : 0, enlargements = 0;
        check(unshuffle > 0, "3, 12 or 48 input channels (of colours, or of squares of 2 or 4 pixels), not " + inputs);
        while (s.has("conv_up" + (enlargements + 1) + ".weight")) enlargements++;
        check(enlargements <= MOST_ENLARGEMENTS, "at most " + MOST_ENLARGEMENTS + " enlargements, not " + enlargements);
        check(1 << enlargements >= unshuffle, "a result as large as the photo or larger, but this one shrinks " + unshuffle + " times");
        int blocks = s.count("body", "rdb1.conv1.weight");
        return new RrdbConfig((1 << enlargements) / unshuffle, s.size("conv_first.weight", 0), s.size("body.0.rdb1.conv1.weight", 0), blocks,
                enlargements);
    }

    /** The side, in pixels, of the square that the trunk sees as one pixel. */
    public int unshuffle() { return (1 << enlargements) / scale; }

    /**
     * Bytes held at the peak for each pixel of the result: a convolution's input and output at full size, or what the trunk holds. The last
     * convolution of a dense block has its input and output there, and the inputs of all that is added wait.
     */
    public long bytesPerPixel() {
        long full = 2L * features, trunk = 5L * features + 2L * DenseBlock.GROWING * growth;
        return Float.BYTES * Math.max(full, Math.ceilDiv(trunk, 1L << 2 * enlargements));
    }
}
