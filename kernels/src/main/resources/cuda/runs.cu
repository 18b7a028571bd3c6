// Copies rows of contiguous elements between strided arrays: slices and concatenations.
// y[row * to + i] = x[row * from + i] for i < run; all in elements, or in units of 16 bytes for runs_wide.
// One thread for each element or unit.

template <typename T> DEVICE void copy(const T* x, T* y, int64 threads, int64 run, int64 from, int64 to) {
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread();
    int64 row = t / (unsigned int)run, i = t % (unsigned int)run;
    y[row * to + i] = x[row * from + i];
}

KERNEL(256) runs(const T0* x, T0* y, int64 xStart, int64 yStart, int64 threads, int64 run, int64 from, int64 to) {
    copy(x + xStart, y + yStart, threads, run, from, to);
}

KERNEL(256) runs_wide(const Bytes16* x, Bytes16* y, int64 xStart, int64 yStart, int64 threads, int64 run, int64 from, int64 to) {
    copy(x + xStart, y + yStart, threads, run, from, to);
}
