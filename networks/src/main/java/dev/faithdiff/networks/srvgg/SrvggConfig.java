package dev.faithdiff.networks.srvgg;

import dev.faithdiff.model.Config;

/**
 * Sizes of an SRVGGNetCompact.
 *
 * @param scale        1 to 4: how many times as large its result is
 * @param features     channels between its convolutions (released: 64)
 * @param convolutions those between the first and the last one (released: 16 and 32)
 */
public record SrvggConfig(int scale, int features, int convolutions) {
    /** Far beyond any released network: limits on what a damaged file can ask for. */
    private static final int MOST_CONVOLUTIONS = 1000, MOST_SCALE = 4;

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
        c.require("in_channels", "3");
        c.require("out_channels", "3");
        return new SrvggConfig(c.integer("scale"), c.integer("features"), c.integer("convolutions"));
    }
}
