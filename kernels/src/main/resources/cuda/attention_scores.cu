// What attention does between matrix products, on scores [matrices, queries, keys] in F32. causal: query t sees keys 0..t; first is the query
// of a matrix's first row. One block of 32 to 256 threads for each row.
//
// scores_softmax: softmax of x * scale over the keys seen, zeros for the others.
// scores_softmax_grad: the gradient for the products: y = scale * p * (g - sum(p * g)) for probabilities p and their gradient g.

DEVICE int keys_seen(int keys, int queries, int first, int causal) {
    return causal ? min(keys, first + (int)(blockIdx.x % (unsigned int)queries) + 1) : keys;
}

KERNEL(256) scores_softmax(const F32* x, TO* y, int keys, int queries, int first, int causal, float scale) {
    const int N = Wide<TO>::N;
    __shared__ float scratch[8];
    int seen = keys_seen(keys, queries, first, causal);
    x += (int64)blockIdx.x * keys;
    y += (int64)blockIdx.x * keys;
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
