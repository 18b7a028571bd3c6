// y = x [B, h, w, c] with zeros around it, [B, H, W, c] (NHWC). c is in elements, or in units of 16 bytes for pad_wide.
// One thread for each element or unit of y.

template <typename T> DEVICE void pad_pixels(const T* x, T* y, int64 threads, int h, int w, int c, int H, int W, int top, int left) {
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread();
    unsigned int pixel = t / c;
    int64 b = pixel / W / H;
    int row = (int)(pixel / W % H) - top, column = (int)(pixel % W) - left;
    T v = {};
    if (row >= 0 && row < h && column >= 0 && column < w) v = x[((b * h + row) * w + column) * c + t % c];
    y[t] = v;
}

KERNEL(256) pad(const T0* x, T0* y, int64 threads, int h, int w, int c, int H, int W, int top, int left) {
    pad_pixels(x, y, threads, h, w, c, H, W, top, left);
}

KERNEL(256) pad_wide(const Bytes16* x, Bytes16* y, int64 threads, int h, int w, int c, int H, int W, int top, int left) {
    pad_pixels(x, y, threads, h, w, c, H, W, top, left);
}
