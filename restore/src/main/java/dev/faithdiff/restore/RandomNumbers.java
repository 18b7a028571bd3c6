package dev.faithdiff.restore;

import dev.faithdiff.tensor.Rng;
import java.util.Locale;

/** Whose random numbers are drawn, on any device: PyTorch's on the CPU or on a CUDA device. */
public enum RandomNumbers {
    CPU, CUDA;

    /** The numbers of a seed. */
    public Rng of(long seed) { return this == CUDA ? Rng.philox(seed) : Rng.cpu(seed); }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
