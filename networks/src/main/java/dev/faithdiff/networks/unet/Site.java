package dev.faithdiff.networks.unet;

/**
 * A place in a U-Net where a {@link Control} may act. Level 0 has the full size of the latents; layers of a level are counted as they run,
 * from 0, on the down path and again on the up path. The middle counts as the innermost level and has two layers.
 */
public sealed interface Site {
    /** The three parts of a U-Net. */
    enum Part { DOWN, MIDDLE, UP }

    /** In a resnet: what its convolutions give, before its input is added. */
    record Resnet(Part part, int level, int layer) implements Site {}

    /** The result of a layer: behind its resnet and transformers, before the size changes. */
    record Layer(Part part, int level, int layer) implements Site {}

    /** The result of the middle. */
    record Middle() implements Site {}

    /** A result of the down path, before the up path takes it: 0 is that of the first convolution. */
    record Skip(int index) implements Site {}

    /** The input of a layer of the up path: the features, and behind them on the last axis the skip. */
    record Joined(int level, int layer) implements Site {}
}
