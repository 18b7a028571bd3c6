// y[r, i] = x[r, i] * gelu(x[r, n + i]) for x [rows, 2n] and y [rows, n], with the exact GELU.
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

KERNEL(256) geglu(const T0* x, TO* y, int64 threads, int runs, int n) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, n - at);
    const T0* value = x + 2 * (int64)row * n + at;
    float v[N], gate[N];
    load_run(value, count, v);
    load_run(value + n, count, gate);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] *= gelu(gate[i]);
    store_run(y + (int64)row * n + at, count, v);
}
