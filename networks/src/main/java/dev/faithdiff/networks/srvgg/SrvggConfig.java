package dev.faithdiff.networks.srvgg;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;

/**
 * Sizes of an SRVGGNetCompact.
 *
 * @param scale        1 to 8: how many times as large its result is
 * @param features     channels between its convolutions (released: 64)
 * @param convolutions how many there are between the first and the last one (released: 16 and 32)
 */
public record SrvggConfig(int scale, int features, int convolutions) {
    /** Far beyond any released network: limits on what a damaged file can ask for. */
    private static final int MOST_CONVOLUTIONS = 1000, MOST_SCALE = 8;
    private static final int COLORS = 3;

    public SrvggConfig {
        check(scale >= 1 && scale <= MOST_SCALE, "scale 1 to " + MOST_SCALE + ", not " + scale);
        check(features > 0, "features of at least 1, not " + features);
        check(convolutions >= 0 && convolutions <= MOST_CONVOLUTIONS, "0.." + MOST_CONVOLUTIONS + " convolutions, not " + convolutions);
    }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException("an SRVGGNetCompact has " + rule);
    }

    /** Reads {@code model.json}. */
    public static SrvggConfig of(Config c) {
        c.require("in_channels", "" + COLORS);
        c.require("out_channels", "" + COLORS);
        return c.checked(() -> new SrvggConfig(c.integer("scale"), c.integer("features"), c.integer("convolutions")));
    }

    /**
     * The sizes of a network with these tensors. Convolutions have even places in {@code body}, the ReLUs between them odd ones; the last
     * convolution makes {@code scale * scale} pixels of each.
     *
     * @throws IllegalArgumentException if they are not those of an SRVGGNetCompact
     */
    public static SrvggConfig of(NamedShapes s) {
        int last = 0;
        while (s.has("body." + (last + 2) + ".weight")) last += 2;
        int inputs = s.size("body.0.weight", 1), outputs = s.size("body." + last + ".weight", 0), scale = 1;
        check(inputs == COLORS, COLORS + " colour channels, not " + inputs);
        check(last > 0, "at least two convolutions");
        while (scale < MOST_SCALE && COLORS * scale * scale < outputs) scale++;
        check(COLORS * scale * scale == outputs, "3, 12, 27, 48 output channels and so on for the scales 1 to " + MOST_SCALE + ", not " + outputs);
        return new SrvggConfig(scale, s.size("body.0.weight", 0), last / 2 - 1);
    }
}
