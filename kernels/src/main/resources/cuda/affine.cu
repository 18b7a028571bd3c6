// y = x * scale + shift, rounded once; elementwise, any layout.
// One thread for each run of 16 bytes of the result.

KERNEL(256) affine(const T0* x, TO* y, int64 count, float scale, float shift) {
    const int N = Wide<TO>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N];
    load_run(x + at, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = fmaf(v[i], scale, shift);
    store_run(y + at, n, v);
}
