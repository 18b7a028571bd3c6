// Sums over axes times scale, added up in float by each thread and then over the block. After merging axes, x has the kept axes [k0, k1]
// and the reduced axes [r0, r1], interleaved in any order, each with its stride; y is [k0, k1].
// A block of 256 threads computes `across` neighbouring results (32 if the innermost axis is kept, so that reads are coalesced, else 1)
// with 256/across threads for each.

KERNEL(256) reduce(const T0* x, TO* y, int64 count, float scale, int across, int k1, int64 kStep0, int64 kStep1,
                   int64 terms, int64 r1, int64 rStep0, int64 rStep1) {
    __shared__ float parts[256];
    int64 o = (int64)blockIdx.x * across + threadIdx.x % across;
    float sum = 0;
    if (o < count) {
        const T0* from = x + o / k1 * kStep0 + o % k1 * kStep1;
        for (int64 r = threadIdx.x / across; r < terms; r += 256 / across) sum += to_float(from[r / r1 * rStep0 + r % r1 * rStep1]);
    }
    parts[threadIdx.x] = sum;
    for (int half = 128; half >= across; half >>= 1) {
        __syncthreads();
        if ((int)threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
    }
    if ((int)threadIdx.x < across && o < count) store(y + o, parts[threadIdx.x] * scale);
}
