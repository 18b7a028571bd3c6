package dev.faithdiff.networks;

import dev.faithdiff.tensor.Tensor;

/** A network that makes the restored image in one pass. It has no statistics over the image, so it may see it in tiles. */
public interface Generator {
    /** How many times as large its result is. */
    int scale();

    /** Pixels of which both sides of an image are a multiple. */
    int multiple();

    /** Pixels around a tile that the network must see, so that tiles do not show. */
    int margin();

    /** Bytes held at the peak for each pixel of the result. */
    long bytesPerPixel();

    /** {@code [B, H, W, 3]} in 0..1 to {@code [B, scale*H, scale*W, 3]}, nominally 0..1. */
    Tensor forward(Tensor x);
}
