// Pooling of x [B, h, w, c] to y [B, H, W, c] (NHWC) as PoolOp defines it, one entry for each kind, and its gradient, from g of y to dx, under
// NAME_grad; T1 is the type of y and g. Padding is ignored; L2 has Hann weights of the whole window.
// One thread for each run of 16 bytes of a pixel of the result; runs is the number of them in a pixel.

struct Pool { int h, w, c, H, W, height, width, stride, padding; };

// The part of a window inside the map.
struct Window { int top, bottom, left, right, y0, x0; };

DEVICE Window window(Pool p, int row, int column) {
    int y = row * p.stride - p.padding, x = column * p.stride - p.padding;
    Window w = {max(y, 0), min(y + p.height, p.h), max(x, 0), min(x + p.width, p.w), y, x};
    return w;
}

DEVICE float hann(int i, int size) { return (1.0f - cospif(2.0f * (i + 1) / (size + 1))) / (size + 1); }

DEVICE float weight(Pool p, Window w, int y, int x) { return hann(y - w.y0, p.height) * hann(x - w.x0, p.width); }

DEVICE float share(Window w) { return 1.0f / ((w.bottom - w.top) * (w.right - w.left)); }

// A kind of pooling: how a value is accumulated from the window's values and weights, and the last step.
struct Max {
    DEVICE static float start() { return -INFINITY; }
    DEVICE static float add(float y, float v, float weight) { return v > y || v != v ? v : y; }
    DEVICE static float end(float y, Window w) { return y; }
};
struct Mean {
    DEVICE static float start() { return 0.0f; }
    DEVICE static float add(float y, float v, float weight) { return y + v; }
    DEVICE static float end(float y, Window w) { return y * share(w); }
};
struct Root {
    DEVICE static float start() { return 1e-12f; }
    DEVICE static float add(float y, float v, float weight) { return fmaf(v * v, weight, y); }
    DEVICE static float end(float y, Window w) { return sqrtf(y); }
};

// The pooled values of a run of channels; image is that of x, at the run.
template <typename K, bool WEIGHTS, int N> DEVICE void pooled(Pool p, Window w, const T0* image, int count, float (&y)[N]) {
    float v[N];
#pragma unroll
    for (int i = 0; i < N; i++) y[i] = K::start();
    for (int r = w.top; r < w.bottom; r++) {
        for (int s = w.left; s < w.right; s++) {
            float f = WEIGHTS ? weight(p, w, r, s) : 1.0f;
            load_run(image + ((int64)r * p.w + s) * p.c, count, v);
#pragma unroll
            for (int i = 0; i < N; i++) y[i] = K::add(y[i], v[i], f);
        }
    }
#pragma unroll
    for (int i = 0; i < N; i++) y[i] = K::end(y[i], w);
}

// Sets d to zero in each channel in which the pixel is not the first with its window's maximum.
template <int N> DEVICE void keep_firsts(Pool p, Window w, const T0* image, int row, int column, int count, const float (&v)[N], float (&d)[N]) {
    float other[N];
    for (int r = w.top; r < w.bottom; r++) {
        for (int s = w.left; s < w.right; s++) {
            bool before = r < row || (r == row && s < column), own = r == row && s == column;
            load_run(image + ((int64)r * p.w + s) * p.c, count, other);
#pragma unroll
            for (int i = 0; i < N; i++) if (!own && (other[i] > v[i] || (before && other[i] == v[i]))) d[i] = 0;
        }
    }
}

#define PARAMETERS int64 threads, int runs, int h, int w, int c, int H, int W, int height, int width, int stride, int padding
#define ARGUMENTS threads, runs, {h, w, c, H, W, height, width, stride, padding}

template <typename K, bool WEIGHTS> DEVICE void pool(const T0* x, TO* y, int64 threads, int runs, Pool p) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), pixel = t / runs;
    int at = (int)(t % runs) * N, count = min(N, p.c - at);
    float v[N];
    pooled<K, WEIGHTS>(p, window(p, (int)(pixel / p.W % p.H), (int)(pixel % p.W)), x + (int64)(pixel / p.W / p.H) * p.h * p.w * p.c + at, count, v);
    store_run(y + (int64)pixel * p.c + at, count, v);
}

// Each pixel of x sums over the windows that it lies in. FIRST: a window's whole gradient goes to its first maximum.
template <typename K, bool WEIGHTS, bool FIRST> DEVICE void pool_grad(const T0* x, const T1* g, TO* dx, int64 threads, int runs, Pool p) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), pixel = t / runs;
    int at = (int)(t % runs) * N, count = min(N, p.c - at);
    int row = (int)(pixel / p.w % p.h), column = (int)(pixel % p.w), image = (int)(pixel / p.w / p.h);
    const T0* values = x + (int64)image * p.h * p.w * p.c + at;
    float sum[N] = {}, d[N], v[N], y[N];
    load_run(x + (int64)pixel * p.c + at, count, v);
    int top = max(row + p.padding - p.height + p.stride, 0) / p.stride, left = max(column + p.padding - p.width + p.stride, 0) / p.stride;
    for (int r = top; r < p.H && r * p.stride - p.padding <= row; r++) {
        for (int s = left; s < p.W && s * p.stride - p.padding <= column; s++) {
            Window w = window(p, r, s);
            load_run(g + (((int64)image * p.H + r) * p.W + s) * p.c + at, count, d);
            if (FIRST) {
                keep_firsts(p, w, values, row, column, count, v, d);
#pragma unroll
                for (int i = 0; i < N; i++) sum[i] += d[i];
            } else if (WEIGHTS) {
                float f = weight(p, w, row, column);
                pooled<K, true>(p, w, values, count, y);
#pragma unroll
                for (int i = 0; i < N; i++) sum[i] += f * v[i] * d[i] / y[i];
            } else {
#pragma unroll
                for (int i = 0; i < N; i++) sum[i] += d[i] * share(w);
            }
        }
    }
    store_run(dx + (int64)pixel * p.c + at, count, sum);
}

KERNEL(256) MAX(const T0* x, TO* y, PARAMETERS) { pool<Max, false>(x, y, ARGUMENTS); }
KERNEL(256) MEAN(const T0* x, TO* y, PARAMETERS) { pool<Mean, false>(x, y, ARGUMENTS); }
KERNEL(256) L2(const T0* x, TO* y, PARAMETERS) { pool<Root, true>(x, y, ARGUMENTS); }
KERNEL(256) MAX_grad(const T0* x, const T1* g, TO* dx, PARAMETERS) { pool_grad<Max, false, true>(x, g, dx, ARGUMENTS); }
KERNEL(256) MEAN_grad(const T0* x, const T1* g, TO* dx, PARAMETERS) { pool_grad<Mean, false, false>(x, g, dx, ARGUMENTS); }
KERNEL(256) L2_grad(const T0* x, const T1* g, TO* dx, PARAMETERS) { pool_grad<Root, true, false>(x, g, dx, ARGUMENTS); }
