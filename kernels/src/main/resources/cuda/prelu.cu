// y[r, i] = x[r, i] where that is not below zero, else x[r, i] * slope[i], for x and y [rows, n].
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

KERNEL(256) prelu(const T0* x, const T1* slope, TO* y, int64 threads, int runs, int n) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, n - at);
    int64 first = (int64)row * n + at;
    float v[N], s[N];
    load_run(x + first, count, v);
    load_run(slope + at, count, s);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = v[i] >= 0 ? v[i] : v[i] * s[i];
    store_run(y + first, count, v);
}
