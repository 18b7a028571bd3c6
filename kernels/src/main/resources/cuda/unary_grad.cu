// y = g * f'(x), elementwise, any layout; kind is the ordinal of UnaryOp.Kind.
// One thread for each run of 16 bytes of the result.

DEVICE float slope(int kind, float a, float b, float x) {
    float s = sigmoid(kind == 2 ? 1.702f * x : x);
    switch (kind) {
        case 0: return s * (1.0f + x * (1.0f - s));
        case 1: return gelu_slope(x);
        case 2: return s * (1.0f + 1.702f * x * (1.0f - s));
        case 3: return s * (1.0f - s);
        case 4: return expf(x);
        case 5: return 0.5f / sqrtf(x);
        case 6: return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
        case 7: return 0.0f;
        case 8: return x > 0 ? 1.0f : a;
        default: return x < a || x > b ? 0.0f : 1.0f;
    }
}

KERNEL(256) unary_grad(const T0* x, const T1* g, TO* y, int64 count, int kind, float a, float b) {
    const int N = Wide<TO>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N], d[N];
    load_run(x + at, n, v);
    load_run(g + at, n, d);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = d[i] * slope(kind, a, b, v[i]);
    store_run(y + at, n, v);
}
