package dev.faithdiff.networks;

import dev.faithdiff.tensor.Tensor;

/** A network that gives an image one number, alone or beside a reference of the same size. */
public interface Scorer {
    /** Pixels that each side of the image must have. */
    int leastSide();

    /** The side of the square images that it takes; 0 if it takes any size. */
    default int side() { return 0; }

    /**
     * {@code [1, H, W, 3]} in 0..1 to a tensor of one number.
     *
     * @param reference of the same shape; null where the network takes none
     */
    Tensor forward(Tensor x, Tensor reference);
}
