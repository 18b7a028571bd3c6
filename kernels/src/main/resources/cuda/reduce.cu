// Sums over axes times scale, added up in float by each thread and then over the block. After merging axes, x has the kept axes [k0, k1]
// and the reduced axes [r0, r1], interleaved in any order, each with its stride; y is [parts, k0, k1]: each of `parts` blocks along the
// grid's y adds up `part` terms of every result. A second launch over [parts, count] adds these up: in one order, which sizes alone decide.
// A block of 256 threads computes `across` neighbouring results (32 if the innermost axis is kept, so that reads are coalesced, else 1)
// with 256/across threads for each.

// The sum of the terms first, first + step, ... below last; four of them, or of their runs, are loaded together.
DEVICE float sum_strided(const T0* x, int64 first, int64 last, int step, int64 apart) {
    float sum = 0;
#pragma unroll 4
    for (int64 r = first; r < last; r += step) sum += to_float(x[r * apart]);
    return sum;
}

// The same of neighbours from an aligned address, by a whole block.
DEVICE float sum_runs(const T0* x, int64 first, int64 last) {
    const int N = Wide<T0>::N;
    float sum = 0;
    int64 whole = first + (last - first) / N * N;
#pragma unroll 4
    for (int64 r = first + threadIdx.x * N; r < whole; r += 256 * N) {
        float v[N];
        load_run<N, true>(x + r, N, v);
#pragma unroll
        for (int i = 0; i < N; i++) sum += v[i];
    }
    return sum + sum_strided(x, whole + threadIdx.x, last, 256, 1);
}

KERNEL(256) reduce(const T0* x, TO* y, int64 count, float scale, int across, int k1, int64 kStep0, int64 kStep1,
                   int64 terms, int64 part, int64 r1, int64 rStep0, int64 rStep1) {
    __shared__ float parts[256];
    int64 o = (int64)blockIdx.x * across + threadIdx.x % across;
    int64 begin = blockIdx.y * part, first = begin + threadIdx.x / across, last = min(begin + part, terms);
    int step = 256 / across;
    float sum = 0;
    if (o < count) {
        const T0* from = x + o / k1 * kStep0 + o % k1 * kStep1;
        if (r1 < terms) {
            for (int64 r = first; r < last; r += step) sum += to_float(from[r / r1 * rStep0 + r % r1 * rStep1]);
        } else if (across == 1 && rStep1 == 1 && begin < last && aligned<T0, Wide<T0>::N>(from + begin)) {
            sum = sum_runs(from, begin, last);
        } else {
            sum = sum_strided(from, first, last, step, rStep1);
        }
    }
    parts[threadIdx.x] = sum;
    for (int half = 128; half >= across; half >>= 1) {
        __syncthreads();
        if ((int)threadIdx.x < half) parts[threadIdx.x] += parts[threadIdx.x + half];
    }
    if ((int)threadIdx.x < across && o < count) store(y + blockIdx.y * count + o, parts[threadIdx.x] * scale);
}
