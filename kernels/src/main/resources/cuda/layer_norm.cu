// y = (x - mean) / sqrt(variance + eps) * weight + bias over the last axis of x [rows, n], biased variance, mean first and then the
// squared distances from it, in float. The row stays in registers between its passes.
// One block of 32 to 1024 threads for each row; a thread holds up to HELD runs of 16 bytes of the result.

#define HELD 4

KERNEL(1024) layer_norm(const T0* x, const T1* weight, const T2* bias, TO* y, int n, float eps) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[32];
    x += (int64)blockIdx.x * n;
    y += (int64)blockIdx.x * n;
    float v[HELD][N], sum = 0, squares = 0;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * blockDim.x + threadIdx.x) * N;
        load_run(x + min(at, n), n - at, v[h]);
#pragma unroll
        for (int i = 0; i < N; i++) sum += v[h][i];
    }
    float mean = block_sum(sum, scratch) / n;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * blockDim.x + threadIdx.x) * N;
#pragma unroll
        for (int i = 0; i < N; i++) {
            v[h][i] -= mean;
            if (at + i < n) squares += v[h][i] * v[h][i];
        }
    }
    float scale = 1.0f / sqrtf(block_sum(squares, scratch) / n + eps);
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * blockDim.x + threadIdx.x) * N;
        if (at >= n) break;
        float w[N], b[N];
        load_run(weight + at, n - at, w);
        load_run(bias + at, n - at, b);
#pragma unroll
        for (int i = 0; i < N; i++) v[h][i] = v[h][i] * scale * w[i] + b[i];
        store_run(y + at, n - at, v[h]);
    }
}
