// y = softmax(q k^T * scale) v without tensor cores, for q [B, T, heads*d], k [B, S, heads*d], v [B, S, heads*e], y [B, T, heads*e] of
// any type, online softmax in float, no matrix of scores; causal: query t sees keys 0..t. For checking, and for wide heads.
//
// One warp for 4 queries of one head, their elements spread over its lanes; blocks of 8 warps, grid (tiles of 32 queries, heads, B).
// attention_128 serves d, e <= 128, attention_512 up to 512.

#define QUERIES 4

// LANE: elements of a row that a lane holds: lane, lane + 32, ...
template <int LANE> DEVICE void attend(const T0* q, const T1* k, const T2* v, TO* y, int queries, int keys, int d, int e, float scale, int causal) {
    int lane = threadIdx.x % 32, first = (blockIdx.x * 8 + threadIdx.x / 32) * QUERIES;
    if (first >= queries) return;
    int64 stepK = (int64)gridDim.y * d, stepV = (int64)gridDim.y * e;
    q += (int64)blockIdx.z * queries * stepK + blockIdx.y * d;
    y += (int64)blockIdx.z * queries * stepV + blockIdx.y * e;
    k += (int64)blockIdx.z * keys * stepK + blockIdx.y * d;
    v += (int64)blockIdx.z * keys * stepV + blockIdx.y * e;
    float x[QUERIES][LANE], out[QUERIES][LANE] = {}, max[QUERIES], sum[QUERIES] = {};
#pragma unroll
    for (int t = 0; t < QUERIES; t++) {
        max[t] = -INFINITY;
#pragma unroll
        for (int i = 0; i < LANE; i++) {
            int c = i * 32 + lane;
            x[t][i] = first + t < queries && c < d ? to_float(q[(first + t) * stepK + c]) : 0.0f;
        }
    }
    int seen = causal ? min(keys, first + QUERIES) : keys;
    for (int s = 0; s < seen; s++) {
        float row[LANE];
#pragma unroll
        for (int i = 0; i < LANE; i++) row[i] = i * 32 + lane < d ? to_float(k[s * stepK + i * 32 + lane]) : 0.0f;
        float p[QUERIES], shrink[QUERIES];
#pragma unroll
        for (int t = 0; t < QUERIES; t++) {
            float dot = 0;
#pragma unroll
            for (int i = 0; i < LANE; i++) dot = fmaf(x[t][i], row[i], dot);
            float score = causal && s > first + t ? -INFINITY : warp_sum(dot) * scale, before = max[t];
            max[t] = fmaxf(before, score);
            shrink[t] = expf(before - max[t]);
            p[t] = expf(score - max[t]);
            sum[t] = sum[t] * shrink[t] + p[t];
        }
#pragma unroll
        for (int i = 0; i < LANE; i++) {
            float value = i * 32 + lane < e ? to_float(v[s * stepV + i * 32 + lane]) : 0.0f;
#pragma unroll
            for (int t = 0; t < QUERIES; t++) out[t][i] = fmaf(p[t], value, out[t][i] * shrink[t]);
        }
    }
#pragma unroll
    for (int t = 0; t < QUERIES; t++) {
#pragma unroll
        for (int i = 0; i < LANE; i++) {
            int c = i * 32 + lane;
            if (first + t < queries && c < e) store(y + (first + t) * stepV + c, out[t][i] / sum[t]);
        }
    }
}

KERNEL(256) attention_128(const T0* q, const T1* k, const T2* v, TO* y, int queries, int keys, int d, int e, float scale, int causal) {
    attend<4>(q, k, v, y, queries, keys, d, e, scale, causal);
}

KERNEL(256) attention_512(const T0* q, const T1* k, const T2* v, TO* y, int queries, int keys, int d, int e, float scale, int causal) {
    attend<16>(q, k, v, y, queries, keys, d, e, scale, causal);
}
