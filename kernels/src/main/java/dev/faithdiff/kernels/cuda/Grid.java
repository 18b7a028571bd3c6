package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;

/** How work is spread over threads: blocks of 256, runs of 16 bytes. */
public final class Grid {
    private static final int THREADS = 256, RUN = 16;

    private Grid() {}

    /** Blocks that hold this many threads. */
    public static long blocks(long threads) { return ceil(threads, THREADS); }

    /** Runs of 16 bytes that {@code n} elements begin. */
    public static long runs(long n, DType type) { return ceil(n, RUN / type.bytes()); }

    /** {@code n / by}, rounded up. */
    public static long ceil(long n, long by) { return (n + by - 1) / by; }

    /** How many elements one unit of a copy has: as many as 16 bytes hold if all these counts and addresses allow it, else 1. */
    public static int unit(Tensor x, Tensor y, long... elements) {
        int bytes = y.dtype().bytes();
        long all = x.address() | y.address();
        for (long e : elements) all |= e * bytes;
        return all % RUN == 0 ? RUN / bytes : 1;
    }

    /** Kernels number their threads by 32 bits: null, or the reason not to take so many elements. */
    public static String tooMany(long elements) { return elements < 1L << 32 ? null : "takes fewer than 2^32 elements"; }

    /** The first {@code rank} values, behind as many {@code fill} as make {@code n}. */
    public static long[] behind(long fill, long[] values, int rank, int n) {
        long[] all = new long[n];
        Arrays.fill(all, fill);
        System.arraycopy(values, 0, all, n - rank, rank);
        return all;
    }
}
