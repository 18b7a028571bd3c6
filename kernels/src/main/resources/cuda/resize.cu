// Resizes one axis of x as ResizeOp.Axis does, in float with positions in double. An axis of n inputs becomes one of m outputs; output o is
// at input position step (o + 1/2) - 1/2. cubic: Keys' filter, else a triangle. antialias stretches the filter if step > 1, and cuts it off
// at the border; without it the border is repeated.
//
// resize: x [outer, n, inner] to y [outer, m, inner]. resize_back, the gradient: x [outer, m, inner] to y [outer, n, inner].
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

struct Axis { int n, m; double step; int cubic, antialias; };

// The inputs first..end of an output, around the position `at`; they are clamped to the axis where they are used.
struct Window { int first, end; double at; float stretch; };

DEVICE Window window(Axis a, int o) {
    Window w = {0, 0, a.step * (o + 0.5) - 0.5, a.antialias ? (float)max(a.step, 1.0) : 1.0f};
    int half = a.cubic ? 2 : 1;
    if (a.antialias) {
        double center = w.at + 0.5, support = half * max(a.step, 1.0);
        w.first = max((int)(center - support + 0.5), 0);
        w.end = min((int)(center + support + 0.5), a.n);
    } else {
        if (!a.cubic) w.at = max(w.at, 0.0);
        w.first = (int)floor(w.at) - half + 1;
        w.end = w.first + 2 * half;
    }
    return w;
}

DEVICE float weight(Axis a, Window w, int i) {
    float x = fabsf((float)(i - w.at)) / w.stretch, k = a.antialias ? -0.5f : -0.75f;
    if (!a.cubic) return fmaxf(1.0f - x, 0.0f);
    return x < 1.0f ? ((k + 2.0f) * x - (k + 3.0f)) * x * x + 1.0f : x < 2.0f ? k * (((x - 5.0f) * x + 8.0f) * x - 4.0f) : 0.0f;
}

DEVICE float total(Axis a, Window w) {
    float sum = 0;
    for (int i = w.first; i < w.end; i++) sum += weight(a, w, i);
    return sum;
}

KERNEL(256) resize(const T0* x, TO* y, int64 threads, int runs, int inner, int n, int m, double step, int cubic, int antialias) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, inner - at);
    Axis a = {n, m, step, cubic, antialias};
    Window w = window(a, (int)(row % m));
    float sum[N] = {}, v[N], scale = 1.0f / total(a, w);
    for (int i = w.first; i < w.end; i++) {
        float f = weight(a, w, i) * scale;
        load_run(x + ((int64)(row / m) * n + min(max(i, 0), n - 1)) * inner + at, count, v);
#pragma unroll
        for (int k = 0; k < N; k++) sum[k] = fmaf(f, v[k], sum[k]);
    }
    store_run(y + (int64)row * inner + at, count, sum);
}

KERNEL(256) resize_back(const T0* x, TO* y, int64 threads, int runs, int inner, int n, int m, double step, int cubic, int antialias) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, inner - at), input = (int)(row % n);
    Axis a = {n, m, step, cubic, antialias};
    double reach = (cubic ? 2 : 1) * (antialias ? max(step, 1.0) : 1.0) + 1.0;
    int first = max((int)floor((input - reach + 0.5) / step - 0.5), 0), end = min((int)ceil((input + reach + 0.5) / step - 0.5) + 1, m);
    float sum[N] = {}, v[N];
    for (int o = first; o < end; o++) {
        Window w = window(a, o);
        float f = 0;
        for (int i = w.first; i < w.end; i++) if (min(max(i, 0), n - 1) == input) f += weight(a, w, i);
        if (f == 0.0f) continue;
        f /= total(a, w);
        load_run(x + ((int64)(row / n) * m + o) * inner + at, count, v);
#pragma unroll
        for (int k = 0; k < N; k++) sum[k] = fmaf(f, v[k], sum[k]);
    }
    store_run(y + (int64)row * inner + at, count, sum);
}
