// y = f(x), elementwise, any layout; kind is the ordinal of UnaryOp.Kind.
// One thread for each run of 16 bytes of the result.

DEVICE float apply(int kind, float a, float b, float x) {
    switch (kind) {
        case 0: return x * sigmoid(x);
        case 1: return gelu(x);
        case 2: return x * sigmoid(1.702f * x);
        case 3: return sigmoid(x);
        case 4: return expf(x);
        case 5: return sqrtf(x);
        case 6: return fabsf(x);
        case 7: return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
        case 8: return x >= 0 ? x : a * x;
        default: return x < a ? a : x > b ? b : x;
    }
}

KERNEL(256) unary(const T0* x, TO* y, int64 count, int kind, float a, float b) {
    const int N = Wide<TO>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N];
    load_run(x + at, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = apply(kind, a, b, v[i]);
    store_run(y + at, n, v);
}
