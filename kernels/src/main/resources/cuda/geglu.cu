// y[r, i] = x[r, i] * gelu(x[r, n + i]) for x [rows, 2n] and y [rows, n], with the exact GELU.
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

template <bool WHOLE> DEVICE void run(const T0* value, TO* y, int count, int n) {
    const int N = Wide<TO>::N;
    float v[N], gate[N];
    load_run<N, WHOLE>(value, count, v);
    load_run<N, WHOLE>(value + n, count, gate);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] *= gelu(gate[i]);
    store_run<N, WHOLE>(y, count, v);
}

KERNEL(256) geglu(const T0* x, TO* y, int64 threads, int runs, int n) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int at = (int)(t - row * runs) * N;
    x += 2 * (int64)row * n + at;
    y += (int64)row * n + at;
    if (n % N == 0 && aligned<T0, N>(x) && aligned<TO, N>(y)) run<true>(x, y, N, n);
    else run<false>(x, y, min(N, n - at), n);
}
