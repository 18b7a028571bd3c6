// y = softmax(q k^T * scale + bias) v without tensor cores, for q [B, T, heads*d], k [B, S, keyHeads*d], v [B, S, keyHeads*e], y [B, T, heads*e] of
// any type, with online softmax in float and no stored scores; group: heads / keyHeads; causal: query t sees keys 0..t+offset. For checks,
// and for wide heads. If there is a bias, T3 is its type; it has strides for samples, heads and queries, and its keys are contiguous.
//
// One warp for 4 queries of one head, with their elements distributed over its lanes; blocks of 8 warps, grid (tiles of 32 queries, heads, B).
// attention_128 is for d, e <= 128, attention_512 for d, e <= 512.

#define QUERIES 4

#define SIZES int queries, int keys, int d, int e, int group, float scale, int causal, int offset
#ifdef T3
#define PARAMETERS const T0* q, const T1* k, const T2* v, const T3* bias, TO* y, int64 biasB, int64 biasH, int64 biasT, SIZES
#define ARGUMENTS q, k, v, bias, y, biasB, biasH, biasT, queries, keys, d, e, group, scale, causal, offset
#define LEAST -1e30f    // finite, since a bias may mask all keys so far
#else
#define PARAMETERS const T0* q, const T1* k, const T2* v, TO* y, SIZES
#define ARGUMENTS q, k, v, y, queries, keys, d, e, group, scale, causal, offset
#define LEAST -INFINITY
#endif

// LANE: elements of a row that a lane holds: lane, lane + 32, ...
template <int LANE> DEVICE void attend(PARAMETERS) {
    int lane = threadIdx.x % 32, first = (blockIdx.x * 8 + threadIdx.x / 32) * QUERIES;
    if (first >= queries) return;
    int64 stepQ = (int64)gridDim.y * d, stepY = (int64)gridDim.y * e, stepK = stepQ / group, stepV = stepY / group;
    q += (int64)blockIdx.z * queries * stepQ + blockIdx.y * d;
    y += (int64)blockIdx.z * queries * stepY + blockIdx.y * e;
    k += (int64)blockIdx.z * keys * stepK + blockIdx.y / group * d;
    v += (int64)blockIdx.z * keys * stepV + blockIdx.y / group * e;
#ifdef T3
    bias += blockIdx.z * biasB + blockIdx.y * biasH;
#endif
    float x[QUERIES][LANE], out[QUERIES][LANE] = {}, max[QUERIES], sum[QUERIES] = {};
#pragma unroll
    for (int t = 0; t < QUERIES; t++) {
        max[t] = LEAST;
#pragma unroll
        for (int i = 0; i < LANE; i++) {
            int c = i * 32 + lane;
            x[t][i] = first + t < queries && c < d ? to_float(q[(first + t) * stepQ + c]) : 0.0f;
        }
    }
    int seen = causal ? min(keys, first + offset + QUERIES) : keys;
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
            float score = warp_sum(dot) * scale, before = max[t];
#ifdef T3
            if (first + t < queries) score += to_float(bias[(first + t) * biasT + s]);
#endif
            if (causal && s > first + offset + t) score = -INFINITY;
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
            if (first + t < queries && c < e) store(y + (first + t) * stepY + c, out[t][i] / sum[t]);
        }
    }
}

KERNEL(256) attention_128(PARAMETERS) { attend<4>(ARGUMENTS); }
KERNEL(256) attention_512(PARAMETERS) { attend<16>(ARGUMENTS); }
