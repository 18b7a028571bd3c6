package dev.faithdiff.restore;

import dev.faithdiff.tensor.Rng;
import java.util.Locale;

/** Which random numbers are drawn: those of PyTorch on the CPU, or those of PyTorch on a CUDA device. Both can be drawn on any device. */
public enum RandomNumbers {
    CPU, CUDA;

    /** The random numbers of a seed. */
    public Rng of(long seed) { return this == CUDA ? Rng.philox(seed) : Rng.cpu(seed); }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
