// y = x / sqrt(mean(x^2) + eps) * weight over the last axis of x [rows, n], in float. The row stays in registers between its passes.
// One block of 32 to 1024 threads for each row; a thread holds up to HELD runs of 16 bytes of the result.

#define HELD 4

KERNEL(1024) rms_norm(const T0* x, const T1* weight, TO* y, int n, float eps) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[32];
    x += (int64)blockIdx.x * n;
    y += (int64)blockIdx.x * n;
    float v[HELD][N], squares = 0;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * blockDim.x + threadIdx.x) * N;
        load_run(x + min(at, n), n - at, v[h]);
#pragma unroll
        for (int i = 0; i < N; i++) squares += v[h][i] * v[h][i];
    }
    float scale = 1.0f / sqrtf(block_sum(squares, scratch) / n + eps);
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * blockDim.x + threadIdx.x) * N;
        if (at >= n) break;
        float w[N];
        load_run(weight + at, n - at, w);
#pragma unroll
        for (int i = 0; i < N; i++) v[h][i] *= scale * w[i];
        store_run(y + at, n - at, v[h]);
    }
}
