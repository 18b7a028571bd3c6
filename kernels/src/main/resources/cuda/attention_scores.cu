// The steps of attention between matrix products, on scores [matrices, queries, keys] in F32. causal: query t sees keys 0..t+offset; first
// is the number of the query in a matrix's first row. One block of 32 to 256 threads for each row.
//
// scores_softmax: softmax of x * scale + bias over the keys seen, zeros for the others. If there is a bias, T1 is its type; it has strides
//   for matrices and queries, and x is overwritten.
// scores_softmax_grad: the gradient of the scores: y = scale * p * (g - sum(p * g)) for probabilities p and their gradient g.
// scores_bias_grad: sums those y, unscaled, for each element of the gradient of a bias [biasMatrices, biasQueries, keys], and adds the sum
//   to it or stores it. Along a size of 1 the sum is over all matrices or queries. One thread for each element.
// scores_group_sum: y [rows, width], with rows `step` elements apart, is the sum of all x [matrices, rows, width]. One thread for each element.

#ifdef T1
#define BIAS , const T1* bias, int64 biasH, int64 biasT
#else
#define BIAS
#endif

KERNEL(256) scores_softmax(F32* x, TO* y, int keys, int queries, int first, int causal, int offset, float scale BIAS) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    int query = first + (int)(blockIdx.x % (unsigned int)queries), seen = causal ? min(keys, query + offset + 1) : keys;
    x += (int64)blockIdx.x * keys;
    y += (int64)blockIdx.x * keys;
#ifdef T1
    bias += blockIdx.x / (unsigned int)queries * biasH + query * biasT;
    for (int at = threadIdx.x * N; at < seen; at += blockDim.x * N) { // each thread writes what it reads again
        float b[N], u[N];
        load_run(bias + at, seen - at, b);
        load_run(x + at, seen - at, u);
#pragma unroll
        for (int i = 0; i < N; i++) u[i] += b[i] / scale;
        store_run(x + at, seen - at, u);
    }
#endif
    float v[N], max, sum = row_exponentials<N>(x, seen, scale, max, scratch);
    for (int at = threadIdx.x * N; at < keys; at += blockDim.x * N) {
        load_run(x + at, seen - at, v, -INFINITY);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = expf(v[i] * scale - max) / sum;
        store_run(y + at, keys - at, v);
    }
}

KERNEL(256) scores_softmax_grad(const T0* p, const F32* g, TO* y, int keys, float scale) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    int64 row = (int64)blockIdx.x * keys;
    float v[N], d[N], dot = row_dot<N>(p + row, g + row, keys, scratch);
    for (int at = threadIdx.x * N; at < keys; at += blockDim.x * N) {
        load_run(p + row + at, keys - at, v);
        load_run(g + row + at, keys - at, d);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] *= scale * (d[i] - dot);
        store_run(y + row + at, keys - at, v);
    }
}

KERNEL(256) scores_bias_grad(const T0* x, F32* y, int matrices, int queries, int keys, int biasMatrices, int biasQueries, float scale, int add) {
    int64 t = global_thread();
    if (t >= (int64)biasMatrices * biasQueries * keys) return;
    int key = (int)(t % keys), query = (int)(t / keys % biasQueries), matrix = (int)(t / keys / biasQueries);
    int lastQuery = biasQueries == 1 ? queries : query + 1, lastMatrix = biasMatrices == 1 ? matrices : matrix + 1;
    float sum = 0;
    for (int m = matrix; m < lastMatrix; m++) {
        for (int q = query; q < lastQuery; q++) sum += to_float(x[((int64)m * queries + q) * keys + key]);
    }
    y[t].value = (add ? y[t].value : 0.0f) + sum / scale;
}

KERNEL(256) scores_group_sum(const F32* x, TO* y, int matrices, int rows, int width, int step) {
    int64 t = global_thread(), count = (int64)rows * width;
    if (t >= count) return;
    float sum = 0;
    for (int m = 0; m < matrices; m++) sum += x[m * count + t].value;
    store(y + t / width * step + t % width, sum);
}
