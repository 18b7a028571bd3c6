// The gradient of geglu.cu: y[r, i] = g[r, i] * gelu(x[r, n + i]) and y[r, n + i] = g[r, i] * x[r, i] * gelu'(x[r, n + i]), for x and y
// [rows, 2n] and g [rows, n].
// One thread for each run of 16 bytes of a row of g; runs is the number of them in a row.

KERNEL(256) geglu_grad(const T0* x, const T1* g, TO* y, int64 threads, int runs, int n) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, count = min(N, n - at);
    int64 first = 2 * (int64)row * n + at;
    float value[N], gate[N], d[N];
    load_run(x + first, count, value);
    load_run(x + first + n, count, gate);
    load_run(g + (int64)row * n + at, count, d);
#pragma unroll
    for (int i = 0; i < N; i++) {
        value[i] *= d[i] * gelu_slope(gate[i]);
        gate[i] = d[i] * gelu(gate[i]);
    }
    store_run(y + first, count, gate);
    store_run(y + first + n, count, value);
}
