// The gradient of resize_nearest.cu: each element of y [B, h, w, c] is the sum of those of g [B, H, W, c] that copied it, row by row, in float.
// One thread for each run of 16 bytes of a pixel of y; runs is the number of them in a pixel.

DEVICE int source(int i, int inputs, int outputs) { return min((int)((float)i * ((float)inputs / (float)outputs)), inputs - 1); }

// The first output index that copies input `of` or a later one; the copied index increases with the output's.
DEVICE int first_of(int of, int inputs, int outputs) {
    int i = max((int)((float)of * ((float)outputs / (float)inputs)) - 2, 0);
    while (i < outputs && source(i, inputs, outputs) < of) i++;
    return i;
}

KERNEL(256) resize_nearest_grad(const T0* g, TO* y, int64 threads, int runs, int h, int w, int c, int H, int W) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), pixel = t / runs;
    int at = (int)(t % runs) * N, n = min(N, c - at), row = (int)(pixel / w % h), column = (int)(pixel % w);
    int64 b = pixel / w / h;
    int top = first_of(row, h, H), left = first_of(column, w, W);
    float sum[N] = {}, v[N];
    for (int r = top; r < H && source(r, h, H) == row; r++) {
        for (int s = left; s < W && source(s, w, W) == column; s++) {
            load_run(g + ((b * H + r) * W + s) * c + at, n, v);
#pragma unroll
            for (int i = 0; i < N; i++) sum[i] += v[i];
        }
    }
    store_run(y + (int64)pixel * c + at, n, sum);
}
