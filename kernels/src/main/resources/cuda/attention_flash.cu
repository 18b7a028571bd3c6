// y = softmax(q k^T / sqrt(d) + bias) v on tensor cores, for q [B, T, heads*d], k [B, S, keyHeads*d], v [B, S, keyHeads*e], y [B, T, heads*e] in
// 16-bit types, float accumulation and online softmax; group: heads / keyHeads; causal: query t sees keys 0..t+offset. scale is
// log2(e) / sqrt(d). If there is a bias, T3 is its type; it has strides for samples, heads and queries, and its keys are contiguous.
//
// One block of 4 warps for 64 queries of one head, grid (tiles of queries, heads, B); a warp has 16 queries. Keys and values are loaded in
// tiles of 64 into two buffers each; the next tile is loaded while one is used. attention_D is for d, e <= D, padded with zeros;
// dynamic shared memory: 5 tiles of 64 rows of D + 8 elements (the 8 keep ldmatrix free of bank conflicts).

#define TILE 64

#define SIZES int queries, int keys, int d, int e, int group, float scale, int causal, int offset
#ifdef T3
#define PARAMETERS const T0* q, const T0* k, const T0* v, const T3* bias, TO* y, int64 biasB, int64 biasH, int64 biasT, SIZES
#define ARGUMENTS q, k, v, bias, y, biasB, biasH, biasT, queries, keys, d, e, group, scale, causal, offset
#define LEAST -1e30f    // finite, since a bias may mask all keys so far
#else
#define PARAMETERS const T0* q, const T0* k, const T0* v, TO* y, SIZES
#define ARGUMENTS q, k, v, y, queries, keys, d, e, group, scale, causal, offset
#define LEAST -INFINITY
#endif

// 64 rows of D elements, zeros beyond count rows and width columns.
template <int D> DEVICE void load_tile(T0* to, const T0* from, int count, int width, int64 step, bool fast) {
    for (int i = threadIdx.x; i < TILE * (D / 8); i += 128) {
        int row = i / (D / 8), column = i % (D / 8) * 8;
        T0* at = to + row * (D + 8) + column;
        if (fast) {
            bool inside = row < count && column < width;
            copy_async16(at, inside ? from + row * step + column : from, inside);
        } else {
            Pack<T0, 8> pack;
#pragma unroll
            for (int c = 0; c < 8; c++) {
                if (row < count && column + c < width) pack.at[c] = from[row * step + column + c];
                else pack.at[c].bits = 0;
            }
            *(Pack<T0, 8>*)at = pack;
        }
    }
}

template <int D> DEVICE void flash(PARAMETERS) {
    const int ROW = D + 8, PAIRS = D / 16;
    DYNAMIC_SHARED(memory);
    T0* sharedQ = (T0*)memory;
    T0* sharedK = sharedQ + TILE * ROW;
    T0* sharedV = sharedK + 2 * TILE * ROW;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = blockIdx.x * TILE;
    int64 stepQ = (int64)gridDim.y * d, stepY = (int64)gridDim.y * e, stepK = stepQ / group, stepV = stepY / group;
    q += ((int64)blockIdx.z * queries + first) * stepQ + blockIdx.y * d;
    y += ((int64)blockIdx.z * queries + first) * stepY + blockIdx.y * e;
    k += (int64)blockIdx.z * keys * stepK + blockIdx.y / group * d;
    v += (int64)blockIdx.z * keys * stepV + blockIdx.y / group * e;
#ifdef T3
    bias += blockIdx.z * biasB + blockIdx.y * biasH;
#endif
    bool fast = d % 8 == 0 && e % 8 == 0 && aligned<T0, 8>(q) && aligned<T0, 8>(k) && aligned<T0, 8>(v);

    int seen = causal ? min(keys, first + offset + TILE) : keys, tiles = (seen + TILE - 1) / TILE;
    load_tile<D>(sharedQ, q, queries - first, d, stepQ, fast);
    load_tile<D>(sharedK, k, keys, d, stepK, fast);
    load_tile<D>(sharedV, v, keys, e, stepV, fast);
    copy_commit();

    unsigned int fragmentQ[PAIRS][4];
    float out[2 * PAIRS][4] = {}, max[2] = {LEAST, LEAST}, sum[2] = {};
    for (int tile = 0; tile < tiles; tile++) {
        int start = tile * TILE, next = start + TILE;
        T0* tileK = sharedK + tile % 2 * TILE * ROW;
        T0* tileV = sharedV + tile % 2 * TILE * ROW;
        if (tile + 1 < tiles) {
            load_tile<D>(sharedK + (tile + 1) % 2 * TILE * ROW, k + next * stepK, keys - next, d, stepK, fast);
            load_tile<D>(sharedV + (tile + 1) % 2 * TILE * ROW, v + next * stepV, keys - next, e, stepV, fast);
        }
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        if (tile == 0) {
#pragma unroll
            for (int p = 0; p < PAIRS; p++) load_tiles(fragmentQ[p], sharedQ + (warp * 16 + lane % 16) * ROW + p * 16 + lane / 16 * 8);
        }

        // 1. scores: lane l has rows l/4 and l/4 + 8, and of each 8 keys those of index 2 (l%4) and 2 (l%4) + 1
        float s[TILE / 8][4] = {};
#pragma unroll
        for (int p = 0; p < PAIRS; p++) {
#pragma unroll
            for (int n = 0; n < TILE / 16; n++) {
                unsigned int b[4];
                load_tiles(b, tileK + (n * 16 + lane / 16 * 8 + lane % 8) * ROW + p * 16 + lane / 8 % 2 * 8);
                multiply_tiles(T0(), s[2 * n], fragmentQ[p], b[0], b[1]);
                multiply_tiles(T0(), s[2 * n + 1], fragmentQ[p], b[2], b[3]);
            }
        }
        int query = first + warp * 16 + lane / 4;
#ifdef T3
#pragma unroll
        for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int key = start + n * 8 + lane % 4 * 2 + i % 2, t = query + i / 2 * 8;
                if (key < keys && t < queries) s[n][i] += to_float(bias[t * biasT + key]) * (1.44269504f / scale);
            }
        }
#endif
        if (next > keys || (causal && next > first + offset)) {
#pragma unroll
            for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int key = start + n * 8 + lane % 4 * 2 + i % 2;
                    if (key >= keys || (causal && key > query + offset + i / 2 * 8)) s[n][i] = -INFINITY;
                }
            }
        }

        // 2. online softmax, row by row; without a bias key 0 is always seen, so max is finite after the first tile
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float top = -INFINITY;
#pragma unroll
            for (int n = 0; n < TILE / 8; n++) top = fmaxf(top, fmaxf(s[n][2 * r], s[n][2 * r + 1]));
            top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 1));
            top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 2));
            float before = max[r];
            max[r] = fmaxf(before, top * scale);
            float shrink = exp2f(before - max[r]);
            sum[r] *= shrink;
#pragma unroll
            for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
                for (int i = 2 * r; i < 2 * r + 2; i++) sum[r] += s[n][i] = exp2f(fmaf(s[n][i], scale, -max[r]));
            }
#pragma unroll
            for (int n = 0; n < 2 * PAIRS; n++) {
                out[n][2 * r] *= shrink;
                out[n][2 * r + 1] *= shrink;
            }
        }

        // 3. values: pairs of the scores' registers are the left operand of the product
#pragma unroll
        for (int p = 0; p < TILE / 16; p++) {
            unsigned int a[4] = {pack_pair<T0>(s[2 * p][0], s[2 * p][1]), pack_pair<T0>(s[2 * p][2], s[2 * p][3]),
                    pack_pair<T0>(s[2 * p + 1][0], s[2 * p + 1][1]), pack_pair<T0>(s[2 * p + 1][2], s[2 * p + 1][3])};
#pragma unroll
            for (int n = 0; n < PAIRS; n++) {
                unsigned int b[4];
                load_tiles_transposed(b, tileV + (p * 16 + lane % 16) * ROW + n * 16 + lane / 16 * 8);
                multiply_tiles(T0(), out[2 * n], a, b[0], b[1]);
                multiply_tiles(T0(), out[2 * n + 1], a, b[2], b[3]);
            }
        }
        __syncthreads();
    }

#pragma unroll
    for (int r = 0; r < 2; r++) {
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 1);
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 2);
        int row = warp * 16 + lane / 4 + r * 8;
        if (first + row >= queries) continue;
#pragma unroll
        for (int n = 0; n < 2 * PAIRS; n++) {
            int column = n * 8 + lane % 4 * 2;
            float pair[2] = {out[n][2 * r] / sum[r], out[n][2 * r + 1] / sum[r]};
            store_run(y + row * stepY + column, e - column, pair);
        }
    }
}

KERNEL(128) attention_32(PARAMETERS) { flash<32>(ARGUMENTS); }
KERNEL(128) attention_48(PARAMETERS) { flash<48>(ARGUMENTS); }
KERNEL(128) attention_64(PARAMETERS) { flash<64>(ARGUMENTS); }
KERNEL(128) attention_80(PARAMETERS) { flash<80>(ARGUMENTS); }
KERNEL(128) attention_96(PARAMETERS) { flash<96>(ARGUMENTS); }
KERNEL(128) attention_128(PARAMETERS) { flash<128>(ARGUMENTS); }
