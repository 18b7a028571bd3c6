// The gradient of prelu.cu: y[r, i] = g[r, i] where x[r, i] is above zero, else g[r, i] * slope[i], for x, g and y [rows, n].
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

KERNEL(256) prelu_grad(const T0* x, const T1* slope, const T2* g, TO* y, int64 threads, int runs, int n) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, n - at);
    int64 first = (int64)row * n + at;
    float v[N], s[N], d[N];
    load_run(x + first, count, v);
    load_run(slope + at, count, s);
    load_run(g + first, count, d);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = v[i] > 0 ? d[i] : d[i] * s[i];
    store_run(y + first, count, v);
}
