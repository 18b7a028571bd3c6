// y[row, :] = the sum of g[i, :] over all i with indices[i] = row, in their order, for y [rows, c] and g [count, c]. A kernel cannot refuse an
// index outside the table: it adds nothing.
// One thread for each run of 16 bytes of a row of y; it searches all indices. runs is the number of runs in a row.

KERNEL(256) gather_grad(const T0* g, const T1* indices, TO* y, int64 threads, int runs, int64 count, int c) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t % runs) * N, n = min(N, c - at);
    float sum[N] = {}, v[N];
    for (int64 i = 0; i < count; i++) {
        if (index_of(indices[i]) != row) continue;
        load_run(g + i * c + at, n, v);
#pragma unroll
        for (int k = 0; k < N; k++) sum[k] += v[k];
    }
    store_run(y + (int64)row * c + at, n, sum);
}
