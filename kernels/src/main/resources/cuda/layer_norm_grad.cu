// The gradients of layer_norm.cu and rms_norm.cu for x and g [rows, n], with h = (x - mean) / sqrt(variance + eps) of a row. For rms_norm
// the mean is 0, and there is no mean(g w):
//
// NORM_grad_x: (g w - mean(g w) - h mean(g w h)) / sqrt(variance + eps). One block of 32 to 256 threads for each row.
// norm_grad_weight: sums of g h over the rows. Before it, NORM_moments writes mean and 1/sqrt(variance + eps) of each row (one block
//   each). A block of 256 threads adds up a strip of rows for 32 columns, 8 rows at a time; grid (tiles of 32 columns, strips). The sums
//   [strips, n] are added by norm_grad_join, one thread for each column.

struct Pair { float first, second; };

// Mean and 1/sqrt(variance + eps) of a row, in every thread.
template <bool CENTERED> DEVICE Pair moments_of(const T0* x, int n, float eps, float* scratch) {
    const int N = Wide<T0>::N;
    float v[N], mean = 0, squares = 0;
    if (CENTERED) {
        float sum = 0;
        for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
            load_run(x + at, n - at, v);
#pragma unroll
            for (int i = 0; i < N; i++) sum += v[i];
        }
        mean = block_sum(sum, scratch) / n;
    }
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + at, n - at, v, mean);
#pragma unroll
        for (int i = 0; i < N; i++) squares += (v[i] - mean) * (v[i] - mean);
    }
    Pair m = {mean, 1.0f / sqrtf(block_sum(squares, scratch) / n + eps)};
    return m;
}

template <bool CENTERED> DEVICE void grad_x(const T0* x, const T1* weight, const T2* g, TO* y, int n, float eps) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    int64 row = (int64)blockIdx.x * n;
    Pair m = moments_of<CENTERED>(x + row, n, eps, scratch);
    float v[N], w[N], d[N], sum = 0, dot = 0;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + row + at, n - at, v);
        load_run(weight + at, n - at, w);
        load_run(g + row + at, n - at, d);
#pragma unroll
        for (int i = 0; i < N; i++) {
            sum += d[i] * w[i];
            dot += d[i] * w[i] * (v[i] - m.first);
        }
    }
    sum = CENTERED ? block_sum(sum, scratch) / n : 0.0f;
    dot = block_sum(dot, scratch) * m.second / n;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + row + at, n - at, v);
        load_run(weight + at, n - at, w);
        load_run(g + row + at, n - at, d);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = m.second * (d[i] * w[i] - sum - (v[i] - m.first) * m.second * dot);
        store_run(y + row + at, n - at, v);
    }
}

template <bool CENTERED> DEVICE void write_moments(const T0* x, Pair* moments, int n, float eps) {
    __shared__ float scratch[8];
    Pair m = moments_of<CENTERED>(x + (int64)blockIdx.x * n, n, eps, scratch);
    if (threadIdx.x == 0) moments[blockIdx.x] = m;
}

KERNEL(256) layer_norm_grad_x(const T0* x, const T1* weight, const T2* g, TO* y, int n, float eps) { grad_x<true>(x, weight, g, y, n, eps); }
KERNEL(256) rms_norm_grad_x(const T0* x, const T1* weight, const T2* g, TO* y, int n, float eps) { grad_x<false>(x, weight, g, y, n, eps); }
KERNEL(256) layer_norm_moments(const T0* x, Pair* moments, int n, float eps) { write_moments<true>(x, moments, n, eps); }
KERNEL(256) rms_norm_moments(const T0* x, Pair* moments, int n, float eps) { write_moments<false>(x, moments, n, eps); }

KERNEL(256) norm_grad_weight(const T0* x, const T2* g, const Pair* moments, float* parts, int64 rows, int64 strip, int n) {
    __shared__ float shared[256];
    int column = blockIdx.x * 32 + threadIdx.x % 32;
    int64 first = blockIdx.y * strip, last = min(first + strip, rows);
    float sum = 0;
    if (column < n) {
        for (int64 r = first + threadIdx.x / 32; r < last; r += 8) {
            Pair m = moments[r];
            sum += to_float(g[r * n + column]) * (to_float(x[r * n + column]) - m.first) * m.second;
        }
    }
    shared[threadIdx.x] = sum;
    for (int half = 128; half >= 32; half >>= 1) {
        __syncthreads();
        if ((int)threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    if (threadIdx.x < 32 && column < n) parts[(int64)blockIdx.y * n + column] = shared[threadIdx.x];
}

KERNEL(256) norm_grad_join(const float* parts, TO* y, int strips, int n) {
    int column = (int)global_thread();
    if (column >= n) return;
    float sum = 0;
    for (int s = 0; s < strips; s++) sum += parts[(int64)s * n + column];
    store(y + column, sum);
}
