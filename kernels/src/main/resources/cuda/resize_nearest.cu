// Resizing to the nearest pixel of x [B, h, w, c] to y [B, H, W, c] (NHWC): output row i copies input row floor(i * (h / H)), in float.
// c is in elements, or in units of 16 bytes for resize_nearest_wide. One thread for each element or unit of y.

DEVICE int source(int i, int inputs, int outputs) { return min((int)((float)i * ((float)inputs / (float)outputs)), inputs - 1); }

template <typename T> DEVICE void resize(const T* x, T* y, int64 threads, int h, int w, int c, int H, int W) {
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread();
    unsigned int pixel = t / c;
    int64 b = pixel / W / H;
    int row = source((int)(pixel / W % H), h, H), column = source((int)(pixel % W), w, W);
    y[t] = x[((b * h + row) * w + column) * c + t % c];
}

KERNEL(256) resize_nearest(const T0* x, T0* y, int64 threads, int h, int w, int c, int H, int W) {
    resize(x, y, threads, h, w, c, H, W);
}

KERNEL(256) resize_nearest_wide(const Bytes16* x, Bytes16* y, int64 threads, int h, int w, int c, int H, int W) {
    resize(x, y, threads, h, w, c, H, W);
}
