package dev.faithdiff.tensor;

/**
 * Random numbers equal to PyTorch's for the same seed and the same order of calls. Tensors are drawn in row-major order of PyTorch's layout
 * (N, C, H, W); callers with another layout permute the result.
 */
public sealed interface Rng permits Mt19937, Philox {
    /** The numbers of {@code torch.Generator("cpu").manual_seed(seed)}. */
    static Mt19937 cpu(long seed) { return new Mt19937(seed); }

    /** The numbers of {@code torch.Generator("cuda").manual_seed(seed)} on a device that gives every element its own thread. */
    static Philox philox(long seed) { return new Philox(seed, Integer.MAX_VALUE); }

    /** As {@link #philox(long)} for a device of {@code residentThreads}: multiprocessors x threads each can hold. */
    static Philox philox(long seed, int residentThreads) { return new Philox(seed, residentThreads); }

    /** Standard normals of {@code torch.randn(count)} in F32, within 4e-6; in F16 and BF16 torch draws these and rounds them. */
    float[] randn(int count);

    /** Uniform in [0, 1): {@code torch.rand(count)}, exact. */
    float[] rand(int count);

    /** Uniform whole numbers from {@code low} (inclusive) to {@code high} (exclusive): {@code torch.randint}, exact. */
    long[] randint(long low, long high, int count);

    /** The generator's state, for {@link #restore}; its layout is private to the class. */
    long[] state();

    /** Continues from the state of a generator of the same kind. @throws OpError if it is not such a state */
    void restore(long[] state);

    /** Size of the range as an unsigned number. */
    static long range(long low, long high) {
        if (low >= high) throw new OpError("randint from " + low + " to " + high + ": the range is empty");
        return high - low;
    }
}
