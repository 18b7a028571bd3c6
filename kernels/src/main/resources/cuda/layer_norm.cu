// y = (x - mean) / sqrt(variance + eps) * weight + bias over the last axis of x [rows, n], biased variance, mean first and then the
// squared distances from it, in float. The row stays in registers between its passes: a thread holds up to HELD runs of 16 bytes.
//
// layer_norm_warp3, layer_norm_warp6: a warp for each row and 4 rows to a block, without a barrier, for rows of up to 3 or 6 runs a lane.
// layer_norm_block, layer_norm_long: one block of 32 to 256 or of 1024 threads for each row, up to 4 runs a thread.
// layer_norm_rounded3, layer_norm_rounded6: as the first two, with rows in F8 and a scale for each, its largest magnitude over 448.

template <bool WARP> DEVICE float sum_of(float v, float* scratch) { return WARP ? warp_sum(v) : block_sum(v, scratch); }

template <int HELD, bool WARP, bool WHOLE, bool ROUND>
DEVICE void norm(const T0* x, const T1* weight, const T2* bias, TO* y, F32* rowScale, int n, float eps) {
    const int N = Wide<T0>::N;
    __shared__ float scratch[32];
    int thread = WARP ? threadIdx.x % 32 : threadIdx.x, threads = WARP ? 32 : blockDim.x;
    float v[HELD][N] = {}, sum = 0, squares = 0, largest = 0;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * threads + thread) * N;
        if (at < n) load_run<N, WHOLE>(x + at, n - at, v[h]);
    }
#pragma unroll
    for (int h = 0; h < HELD; h++) {
#pragma unroll
        for (int i = 0; i < N; i++) sum += v[h][i];
    }
    float mean = sum_of<WARP>(sum, scratch) / n;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * threads + thread) * N;
#pragma unroll
        for (int i = 0; i < N; i++) {
            v[h][i] -= mean;
            if (at + i < n) squares += v[h][i] * v[h][i];
        }
    }
    float scale = 1.0f / sqrtf(sum_of<WARP>(squares, scratch) / n + eps);
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * threads + thread) * N;
        if (at >= n) break;
        float w[N], b[N];
        load_run<N, WHOLE>(weight + at, n - at, w);
        load_run<N, WHOLE>(bias + at, n - at, b);
#pragma unroll
        for (int i = 0; i < N; i++) {
            v[h][i] = v[h][i] * scale * w[i] + b[i];
            if (ROUND && at + i < n) largest = fmaxf(largest, fabsf(v[h][i]));
        }
        if (!ROUND) store_run<N, WHOLE>(y + at, n - at, v[h]);
    }
    if (!ROUND) return;
    largest = warp_max(largest);
    float factor = largest > 0.0f ? 448.0f / largest : 0.0f;
#pragma unroll
    for (int h = 0; h < HELD; h++) {
        int at = (h * threads + thread) * N;
        if (at >= n) break;
#pragma unroll
        for (int i = 0; i < N; i++) v[h][i] *= factor;
        store_run<N, WHOLE>(y + at, n - at, v[h]);
    }
    if (thread == 0) rowScale->value = largest / 448.0f;
}

template <int HELD, bool WARP, bool ROUND = false>
DEVICE void row(const T0* x, const T1* weight, const T2* bias, TO* y, int rows, int n, float eps, F32* scales = nullptr) {
    const int N = Wide<T0>::N;
    int row = WARP ? blockIdx.x * 4 + threadIdx.x / 32 : blockIdx.x;
    if (row >= rows) return;
    x += (int64)row * n;
    y += (int64)row * n;
    bool whole = n % N == 0 && aligned<T0, N>(x) && aligned<T1, N>(weight) && aligned<T2, N>(bias) && aligned<TO, N>(y);
    if (whole) norm<HELD, WARP, true, ROUND>(x, weight, bias, y, scales + row, n, eps);
    else norm<HELD, WARP, false, ROUND>(x, weight, bias, y, scales + row, n, eps);
}

#define PARAMETERS const T0* x, const T1* weight, const T2* bias, TO* y, int rows, int n, float eps
#define ARGUMENTS x, weight, bias, y, rows, n, eps

KERNEL(128) layer_norm_warp3(PARAMETERS) { row<3, true>(ARGUMENTS); }
KERNEL(128) layer_norm_warp6(PARAMETERS) { row<6, true>(ARGUMENTS); }
KERNEL(256) layer_norm_block(PARAMETERS) { row<4, false>(ARGUMENTS); }
KERNEL(1024) layer_norm_long(PARAMETERS) { row<4, false>(ARGUMENTS); }
KERNEL(128) layer_norm_rounded3(PARAMETERS, F32* scales) { row<3, true, true>(ARGUMENTS, scales); }
KERNEL(128) layer_norm_rounded6(PARAMETERS, F32* scales) { row<6, true, true>(ARGUMENTS, scales); }
