// y = softmax(q k^T / sqrt(d) + bias) v on tensor cores, for q [B, T, heads*d], k [B, S, keyHeads*d], v [B, S, keyHeads*e], y [B, T, heads*e] in
// 16-bit types, float accumulation and online softmax; group: heads / keyHeads; causal: query t sees keys 0..t+offset. scale is
// log2(e) / sqrt(d). If there is a bias, T3 is its type; it has strides for samples, heads and queries, and its keys are contiguous.
//
// One block of 4 warps for QUERIES queries of one head, grid (tiles of queries, heads, B); a warp has GROUPS groups of 16 queries, for all of
// which it reads keys and values once. Keys and values are loaded in tiles of 64 into two buffers each; the next tile is loaded while one is
// used. attention_D is for d, e <= D, padded with zeros. Registers suffice for 128 queries if D <= 64 and there is no bias, else for 64. Dynamic
// shared memory: QUERIES + 4 * 64 rows of D + 8 elements (the 8 keep ldmatrix free of bank conflicts).

#define TILE 64

#define SIZES int queries, int keys, int d, int e, int group, float scale, int causal, int offset
#ifdef T3
#define PARAMETERS const T0* q, const T0* k, const T0* v, const T3* bias, TO* y, int64 biasB, int64 biasH, int64 biasT, SIZES
#define ARGUMENTS q, k, v, bias, y, biasB, biasH, biasT, queries, keys, d, e, group, scale, causal, offset
#define LEAST -1e30f    // finite, since a bias may mask all keys so far
#define NARROW 1
#else
#define PARAMETERS const T0* q, const T0* k, const T0* v, TO* y, SIZES
#define ARGUMENTS q, k, v, y, queries, keys, d, e, group, scale, causal, offset
#define LEAST -INFINITY
#define NARROW 2
#endif

// Copies ROWS rows of D elements, zeros beyond count rows and width columns. A thread always moves the same columns, and its rows are a
// constant step apart: addresses are one addition each.
template <int D, int ROWS> DEVICE void load_rows(Shared to, T0* generic, const T0* from, int count, int width, int step, bool fast) {
    const int ACROSS = D / 8, DOWN = 128 / ACROSS, ROW = (D + 8) * 2;
    int first = threadIdx.x / ACROSS, column = threadIdx.x % ACROSS * 8;
    if (first >= DOWN) return;
    const T0* row = from + (int64)first * step + column;
    to += first * ROW + column * 2;
    if (fast) {
        bool within = column < width;
#pragma unroll
        for (int r = 0; r < ROWS; r += DOWN) {
            bool inside = within && first + r < count;
            if (ROWS % DOWN == 0 || first + r < ROWS) copy_async16(to + r * ROW, inside ? row : from, inside);
            row += (int64)DOWN * step;
        }
        return;
    }
    for (int r = first; r < ROWS; r += DOWN) {
        Pack<T0, 8> pack;
#pragma unroll
        for (int c = 0; c < 8; c++) {
            if (r < count && column + c < width) pack.at[c] = row[c];
            else pack.at[c].bits = 0;
        }
        *(Pack<T0, 8>*)(generic + r * (D + 8) + column) = pack;
        row += (int64)DOWN * step;
    }
}

template <int D, int GROUPS> DEVICE void flash(PARAMETERS) {
    const int ROW = D + 8, PAIRS = D / 16, QUERIES = 64 * GROUPS, BYTES = TILE * ROW * 2;
    DYNAMIC_SHARED(memory);
    T0* genericQ = (T0*)memory;
    T0* genericK = genericQ + QUERIES * ROW;
    T0* genericV = genericK + 2 * TILE * ROW;
    Shared sharedQ = shared_address(memory), sharedK = sharedQ + QUERIES * ROW * 2, sharedV = sharedK + 2 * BYTES;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = blockIdx.x * QUERIES;
    int stepQ = gridDim.y * d, stepY = gridDim.y * e, stepK = stepQ / group, stepV = stepY / group;
    q += ((int64)blockIdx.z * queries + first) * stepQ + blockIdx.y * d;
    y += ((int64)blockIdx.z * queries + first) * stepY + blockIdx.y * e;
    k += (int64)blockIdx.z * keys * stepK + blockIdx.y / group * d;
    v += (int64)blockIdx.z * keys * stepV + blockIdx.y / group * e;
#ifdef T3
    bias += blockIdx.z * biasB + blockIdx.y * biasH;
#endif
    bool fast = d % 8 == 0 && e % 8 == 0 && aligned<T0, 8>(q) && aligned<T0, 8>(k) && aligned<T0, 8>(v);

    int seen = causal ? min(keys, first + offset + QUERIES) : keys, tiles = (seen + TILE - 1) / TILE;
    load_rows<D, QUERIES>(sharedQ, genericQ, q, queries - first, d, stepQ, fast);
    load_rows<D, TILE>(sharedK, genericK, k, keys, d, stepK, fast);
    load_rows<D, TILE>(sharedV, genericV, v, keys, e, stepV, fast);
    copy_commit();

    // Where this lane's rows of ldmatrix begin, in a tile of keys and in one of values.
    Shared laneK = (lane / 16 * 8 + lane % 8) * ROW * 2 + lane / 8 % 2 * 16, laneV = lane % 16 * ROW * 2 + lane / 16 * 16;
    unsigned int fragmentQ[GROUPS][PAIRS][4];
    float out[GROUPS][2 * PAIRS][4] = {}, max[GROUPS][2], sum[GROUPS][2] = {};
#pragma unroll
    for (int g = 0; g < GROUPS; g++) max[g][0] = max[g][1] = LEAST;
    for (int tile = 0; tile < tiles; tile++) {
        int start = tile * TILE, next = start + TILE, now = tile % 2, other = 1 - now;
        if (tile + 1 < tiles) {
            k += (int64)TILE * stepK;
            v += (int64)TILE * stepV;
            load_rows<D, TILE>(sharedK + other * BYTES, genericK + other * TILE * ROW, k, keys - next, d, stepK, fast);
            load_rows<D, TILE>(sharedV + other * BYTES, genericV + other * TILE * ROW, v, keys - next, e, stepV, fast);
        }
        copy_commit();
        copy_wait<1>();
        __syncthreads();
        if (tile == 0) {
            Shared laneQ = sharedQ + (warp * 16 * GROUPS + lane % 16) * ROW * 2 + lane / 16 * 16;
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
#pragma unroll
                for (int p = 0; p < PAIRS; p++) load_tiles(fragmentQ[g][p], laneQ + (g * 16 * ROW + p * 16) * 2);
            }
        }

        // 1. scores: lane l has rows l/4 and l/4 + 8 of each group, and of each 8 keys those of index 2 (l%4) and 2 (l%4) + 1
        float s[GROUPS][TILE / 8][4] = {};
        Shared tileK = sharedK + now * BYTES + laneK;
#pragma unroll
        for (int p = 0; p < PAIRS; p++) {
#pragma unroll
            for (int n = 0; n < TILE / 16; n++) {
                unsigned int b[4];
                load_tiles(b, tileK + (n * 16 * ROW + p * 16) * 2);
#pragma unroll
                for (int g = 0; g < GROUPS; g++) {
                    multiply_tiles(T0(), s[g][2 * n], fragmentQ[g][p], b[0], b[1]);
                    multiply_tiles(T0(), s[g][2 * n + 1], fragmentQ[g][p], b[2], b[3]);
                }
            }
        }
        int query = first + warp * 16 * GROUPS + lane / 4;
#ifdef T3
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
#pragma unroll
            for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int key = start + n * 8 + lane % 4 * 2 + i % 2, t = query + g * 16 + i / 2 * 8;
                    if (key < keys && t < queries) s[g][n][i] += to_float(bias[t * biasT + key]) * (1.44269504f / scale);
                }
            }
        }
#endif
        if (next > keys || (causal && next > first + offset)) {
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
#pragma unroll
                for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        int key = start + n * 8 + lane % 4 * 2 + i % 2;
                        if (key >= keys || (causal && key > query + offset + g * 16 + i / 2 * 8)) s[g][n][i] = -INFINITY;
                    }
                }
            }
        }

        // 2. online softmax, row by row; without a bias key 0 is always seen, so max is finite after the first tile
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float top = -INFINITY;
#pragma unroll
                for (int n = 0; n < TILE / 8; n++) top = fmaxf(top, fmaxf(s[g][n][2 * r], s[g][n][2 * r + 1]));
                top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 1));
                top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 2));
                float before = max[g][r];
                max[g][r] = fmaxf(before, top * scale);
                float shrink = power_of_two(before - max[g][r]);
                sum[g][r] *= shrink;
#pragma unroll
                for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
                    for (int i = 2 * r; i < 2 * r + 2; i++) sum[g][r] += s[g][n][i] = power_of_two(fmaf(s[g][n][i], scale, -max[g][r]));
                }
#pragma unroll
                for (int n = 0; n < 2 * PAIRS; n++) {
                    out[g][n][2 * r] *= shrink;
                    out[g][n][2 * r + 1] *= shrink;
                }
            }
        }

        // 3. values: pairs of the scores' registers are the left operand of the product
        Shared tileV = sharedV + now * BYTES + laneV;
#pragma unroll
        for (int p = 0; p < TILE / 16; p++) {
            unsigned int a[GROUPS][4];
#pragma unroll
            for (int g = 0; g < GROUPS; g++) {
#pragma unroll
                for (int i = 0; i < 4; i++) a[g][i] = pack_pair(T0(), s[g][2 * p + i / 2][i % 2 * 2], s[g][2 * p + i / 2][i % 2 * 2 + 1]);
            }
#pragma unroll
            for (int n = 0; n < PAIRS; n++) {
                unsigned int b[4];
                load_tiles_transposed(b, tileV + (p * 16 * ROW + n * 16) * 2);
#pragma unroll
                for (int g = 0; g < GROUPS; g++) {
                    multiply_tiles(T0(), out[g][2 * n], a[g], b[0], b[1]);
                    multiply_tiles(T0(), out[g][2 * n + 1], a[g], b[2], b[3]);
                }
            }
        }
        __syncthreads();
    }

#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            sum[g][r] += __shfl_xor_sync(0xffffffffu, sum[g][r], 1);
            sum[g][r] += __shfl_xor_sync(0xffffffffu, sum[g][r], 2);
            int row = warp * 16 * GROUPS + g * 16 + lane / 4 + r * 8;
            if (first + row >= queries) continue;
#pragma unroll
            for (int n = 0; n < 2 * PAIRS; n++) {
                int column = n * 8 + lane % 4 * 2;
                float pair[2] = {out[g][n][2 * r] / sum[g][r], out[g][n][2 * r + 1] / sum[g][r]};
                store_run(y + (int64)row * stepY + column, e - column, pair);
            }
        }
    }
}

KERNEL(128) attention_32(PARAMETERS) { flash<32, NARROW>(ARGUMENTS); }
KERNEL(128) attention_48(PARAMETERS) { flash<48, NARROW>(ARGUMENTS); }
KERNEL(128) attention_64(PARAMETERS) { flash<64, NARROW>(ARGUMENTS); }
KERNEL(128) attention_80(PARAMETERS) { flash<80, 1>(ARGUMENTS); }
KERNEL(128) attention_96(PARAMETERS) { flash<96, 1>(ARGUMENTS); }
KERNEL(128) attention_128(PARAMETERS) { flash<128, 1>(ARGUMENTS); }
