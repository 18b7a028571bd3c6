// Of a weight [outputs, 3, 3, channels] the sums of the values that meet the same pixel where each pixel is repeated twice in rows and columns:
// [place, outputs, 2, 2, channels] for the 2 x 2 places of a repeated pixel. Row or column k of the kernel meets (k + place + 1) / 2 - place.
// One thread for each run of 16 bytes of the result; runs is the number of them in a row of channels.

KERNEL(256) upsample_phases(const T0* w, TO* y, int64 threads, int runs, int outputs, int channels) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), at = t / runs, place = at / 4 / outputs, output = at / 4 - place * outputs;
    int first = (int)(t - at * runs) * N, count = min(N, channels - first);
    int placeRow = (int)place / 2, placeColumn = (int)place % 2, row = (int)at / 2 % 2, column = (int)at % 2;
    float sum[N] = {}, v[N];
    w += (int64)output * 9 * channels + first;
#pragma unroll
    for (int k = 0; k < 9; k++) {
        if ((k / 3 + placeRow + 1) / 2 - placeRow != row || (k % 3 + placeColumn + 1) / 2 - placeColumn != column) continue;
        load_run(w + k * channels, count, v);
#pragma unroll
        for (int i = 0; i < N; i++) sum[i] += v[i];
    }
    store_run(y + (int64)at * channels + first, count, sum);
}
