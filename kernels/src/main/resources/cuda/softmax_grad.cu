// The gradient of softmax over the last axis: y * (g - sum(y * g)) for probabilities y and their gradient g, both [rows, n].
// One block of 32 to 256 threads for each row.

KERNEL(256) softmax_grad(const T0* y, const T1* g, TO* to, int n) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    int64 row = (int64)blockIdx.x * n;
    float p[N], d[N], dot = row_dot<N>(y + row, g + row, n, scratch);
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(y + row + at, n - at, p);
        load_run(g + row + at, n - at, d);
#pragma unroll
        for (int i = 0; i < N; i++) p[i] *= d[i] - dot;
        store_run(to + row + at, n - at, p);
    }
}
