// y[i, :] = table[indices[i], :] for a table [rows, c]. A kernel cannot refuse an index outside the table: its row becomes NaN.
// One thread for each run of 16 bytes of a row of y; runs is the number of them in a row.

KERNEL(256) gather(const T0* table, const T1* indices, TO* y, int64 threads, int runs, int rows, int c) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread();
    unsigned int i = t / runs;
    int64 row = index_of(indices[i]);
    int at = (int)(t % runs) * N, n = min(N, c - at);
    bool inside = row >= 0 && row < rows;
    float v[N];
    load_run(inside ? table + row * c + at : table, inside ? n : 0, v, __uint_as_float(0x7fc00000));
    store_run(y + (int64)i * c + at, n, v);
}
