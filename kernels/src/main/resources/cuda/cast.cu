// y = x in another element type, through float as DType defines it; any layout.
// One thread for each run of 16 bytes of the result.

KERNEL(256) cast(const T0* x, TO* y, int64 count) {
    const int N = Wide<TO>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N];
    load_run(x + at, n, v);
    store_run(y + at, n, v);
}
