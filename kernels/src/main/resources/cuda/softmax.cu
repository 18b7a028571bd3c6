// Softmax over the last axis of x [rows, n]: exp(x - max) / sum, in two passes over the row.
// One block of 32 to 256 threads for each row.

KERNEL(256) softmax(const T0* x, TO* y, int n) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    x += (int64)blockIdx.x * n;
    y += (int64)blockIdx.x * n;
    float v[N], max, sum = row_exponentials<N>(x, n, 1.0f, max, scratch);
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + at, n - at, v);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = expf(v[i] - max) / sum;
        store_run(y + at, n - at, v);
    }
}
