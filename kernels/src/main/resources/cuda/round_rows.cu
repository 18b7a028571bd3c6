// Rows of x [rows, n] as F8_E4M3 times a scale of each row, its largest magnitude over 448: the numbers [rows, n], then the F32 scales [rows].
// One block for each row, of whole warps.

KERNEL(256) round_rows(const T0* x, F8_E4M3* y, F32* scales, int n) {
    const int N = Wide<T0>::N;
    __shared__ float scratch[8];
    float v[N], largest = 0;
    x += (int64)blockIdx.x * n;
    y += (int64)blockIdx.x * n;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + at, n - at, v);
#pragma unroll
        for (int i = 0; i < N; i++) largest = fmaxf(largest, fabsf(v[i]));
    }
    largest = block_max(largest, scratch);
    float factor = largest > 0.0f ? 448.0f / largest : 0.0f;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + at, n - at, v);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] *= factor;
        store_run(y + at, n - at, v);
    }
    if (threadIdx.x == 0) scales[blockIdx.x].value = largest / 448.0f;
}
