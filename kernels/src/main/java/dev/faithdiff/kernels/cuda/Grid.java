package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;

/** How work is divided among threads: blocks of 256 threads, and runs of 16 bytes, which one thread moves at once. */
public final class Grid {
    private static final int THREADS = 256, RUN = 16;

    private Grid() {}

    /** Number of blocks for a number of threads. */
    public static long blocks(long threads) { return ceil(threads, THREADS); }

    /** Number of runs for {@code n} elements, the last one perhaps not full. */
    public static long runs(long n, DType type) { return ceil(n, RUN / type.bytes()); }

    /** {@code n / by}, rounded up. */
    public static long ceil(long n, long by) { return (n + by - 1) / by; }

    /** Elements that a copy moves at once: 16 bytes of them if all addresses and these element counts are multiples of that, else 1. */
    public static int unit(Tensor x, Tensor y, long... elements) {
        int bytes = y.dtype().bytes();
        long all = x.address() | y.address();
        for (long e : elements) all |= e * bytes;
        return all % RUN == 0 ? RUN / bytes : 1;
    }

    /** Null, or the reason to refuse a number of elements: kernels index their threads in 32 bits. */
    public static String tooMany(long elements) { return elements < 1L << 32 ? null : "takes fewer than 2^32 elements"; }

    /** An array of {@code n} values that ends in the first {@code rank} of {@code values} and begins with {@code fill}. */
    public static long[] behind(long fill, long[] values, int rank, int n) {
        long[] all = new long[n];
        Arrays.fill(all, fill);
        System.arraycopy(values, 0, all, n - rank, rank);
        return all;
    }
}
