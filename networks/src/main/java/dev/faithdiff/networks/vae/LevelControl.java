package dev.faithdiff.networks.vae;

import dev.faithdiff.tensor.Tensor;

/** What acts in an autoencoder's decoder behind the resnets of a level, before the size changes. It keeps no tensor that it was given. */
@FunctionalInterface
public interface LevelControl {
    /** Changes nothing. */
    LevelControl NONE = (level, h) -> h;

    /** @param level 0 has the image's size @param h {@code [B, H/2^level, W/2^level, channels]}; the result has the same shape */
    Tensor at(int level, Tensor h);
}
