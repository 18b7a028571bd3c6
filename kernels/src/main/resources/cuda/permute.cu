// Permutation of axes. y is dense [s0, s1, s2, s3] after merging axes; xK is the stride in x along y's axis K.
//
// permute_rows: x3 is 1, so rows of y are contiguous in x. One thread for each element, or unit of 16 bytes for permute_rows_wide (sizes
// and strides are then in units).
// permute_tiles: the contiguous axis of x is y's axis `dense` (0..2). The plane of that axis and y's last axis is transposed in tiles of
// 32x32 in shared memory, one block of 256 threads for each: `down` tiles along `dense` by `across` along the last, for all other indices.

template <typename T> DEVICE void rows(const T* x, T* y, int64 threads, int s1, int s2, int s3, int64 x0, int64 x1, int64 x2) {
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread();
    unsigned int row = t / s3;
    y[t] = x[row / s2 / s1 * x0 + row / s2 % s1 * x1 + row % s2 * x2 + t % s3];
}

KERNEL(256) permute_rows(const T0* x, T0* y, int64 threads, int s1, int s2, int s3, int64 x0, int64 x1, int64 x2) {
    rows(x, y, threads, s1, s2, s3, x0, x1, x2);
}

KERNEL(256) permute_rows_wide(const Bytes16* x, Bytes16* y, int64 threads, int s1, int s2, int s3, int64 x0, int64 x1, int64 x2) {
    rows(x, y, threads, s1, s2, s3, x0, x1, x2);
}

// The two other axes, of sizes o0 and o1, have strides p0, p1 in x and q0, q1 in y. height is the size of the dense axis.
KERNEL(256) permute_tiles(const T0* x, T0* y, int height, int width, int64 xStep, int64 yStep,
                          int down, int across, int o1, int64 p0, int64 p1, int64 q0, int64 q1) {
    __shared__ T0 tile[32][33];
    int lane = threadIdx.x % 32, row = blockIdx.x % down * 32, column = blockIdx.x / down % across * 32;
    int64 outer = blockIdx.x / down / across, outer0 = outer / o1, outer1 = outer % o1;
    x += outer0 * p0 + outer1 * p1;
    y += outer0 * q0 + outer1 * q1;
    for (int i = threadIdx.x / 32; i < 32; i += 8) {
        if (row + lane < height && column + i < width) tile[i][lane] = x[(column + i) * xStep + row + lane];
    }
    __syncthreads();
    for (int i = threadIdx.x / 32; i < 32; i += 8) {
        if (row + i < height && column + lane < width) y[(row + i) * yStep + column + lane] = tile[lane][i];
    }
}
