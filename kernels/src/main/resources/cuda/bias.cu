// y[row, column] += b[column], y in rows of `columns` elements of which `count` are there in all.
// One thread for each run of 16 bytes of y. T0 is the type of y, T1 that of b.

KERNEL(256) bias(T0* y, const T1* b, int64 count, int columns) {
    const int N = Wide<T0>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at), column = (int)(at % columns);
    float v[N];
    load_run(y + at, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) {
        if (i < n) v[i] += to_float(b[column]);
        if (++column == columns) column = 0;
    }
    store_run(y + at, n, v);
}
