// y = u OP v, three entries for each kind of BinaryOp:
//
// KIND, with any broadcasting: the result is [s0, s1, s2, inner] after merging axes; an operand's stride along an axis is 0 where it is
//   broadcast, and 0 or 1 along the innermost axis. One thread for each run of 16 bytes of a row of the result, of which it has `runs`.
// KIND_SAME: u and v of the result's shape. One thread for each run.
// KIND_ROWS: u [B, rows, n] and v [B, 1, n], as a bias or a time embedding is added. The threads of a block cover `columns` runs of a row
//   and blockDim.x / columns rows at a time, grid (strips of rows, tiles of columns, B); a thread keeps its part of v over all its rows.

template <int N, typename T> DEVICE void load_stepped(const T* p, int step, int count, float (&v)[N]) {
    if (step == 1) {
        load_run(p, count, v);
    } else {
        float f = to_float(*p);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = f;
    }
}

#define PARAMETERS const T0* a, const T1* b, TO* y, int64 threads, int runs, int64 inner, int s1, int s2, \
        int64 a0, int64 a1, int64 a2, int a3, int64 b0, int64 b1, int64 b2, int b3
#define ARGUMENTS a, b, y, threads, runs, inner, s1, s2, a0, a1, a2, a3, b0, b1, b2, b3

template <typename F> DEVICE void binary(PARAMETERS, F f) {
    const int N = Wide<TO>::N;
    if (global_thread() >= threads) return;
    unsigned int t = (unsigned int)global_thread(), row = t / runs;
    int64 at = (int64)(t - row * runs) * N;
    int n = (int)min((int64)N, inner - at);
    unsigned int i2 = row % s2, i1 = row / s2 % s1, i0 = row / s2 / s1;
    float u[N], v[N];
    load_stepped(a + i0 * a0 + i1 * a1 + i2 * a2 + at * a3, a3, n, u);
    load_stepped(b + i0 * b0 + i1 * b1 + i2 * b2 + at * b3, b3, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) u[i] = f(u[i], v[i]);
    store_run(y + row * inner + at, n, u);
}

template <bool WHOLE, typename F> DEVICE void same_run(const T0* a, const T1* b, TO* y, int n, F f) {
    const int N = Wide<TO>::N;
    float u[N], v[N];
    load_run<N, WHOLE>(a, n, u);
    load_run<N, WHOLE>(b, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) u[i] = f(u[i], v[i]);
    store_run<N, WHOLE>(y, n, u);
}

template <typename F> DEVICE void same(const T0* a, const T1* b, TO* y, int64 count, F f) {
    const int N = Wide<TO>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    a += at;
    b += at;
    y += at;
    if (count - at >= N && aligned<T0, N>(a) && aligned<T1, N>(b) && aligned<TO, N>(y)) same_run<true>(a, b, y, N, f);
    else same_run<false>(a, b, y, (int)min((int64)N, count - at), f);
}

// The rows of u and y `step` elements apart, of which there are `rows`. Four whole runs are loaded together.
template <bool WHOLE, int N, typename F> DEVICE void down(const T0* a, const float (&v)[N], TO* y, int n, int rows, int64 step, F f) {
    const int ROWS = WHOLE ? 4 : 1;
    for (; rows > 0; rows -= ROWS) {
        float u[ROWS][N];
#pragma unroll
        for (int r = 0; r < ROWS; r++) if (r < rows) load_run<N, WHOLE>(a + r * step, n, u[r]);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            if (r >= rows) break;
#pragma unroll
            for (int i = 0; i < N; i++) u[r][i] = f(u[r][i], v[i]);
            store_run<N, WHOLE>(y + r * step, n, u[r]);
        }
        a += ROWS * step;
        y += ROWS * step;
    }
}

template <typename F> DEVICE void rows(const T0* a, const T1* b, TO* y, int64 count, int64 strip, int n, int columns, F f) {
    const int N = Wide<TO>::N;
    int row = threadIdx.x / columns, apart = blockDim.x / columns, at = (blockIdx.y * columns + threadIdx.x - row * columns) * N;
    int64 first = blockIdx.x * strip + row, last = min(blockIdx.x * strip + strip, count);
    if (at >= n || first >= last) return;
    float v[N];
    load_run(b + (int64)blockIdx.z * n + at, n - at, v);
    a += (blockIdx.z * count + first) * n + at;
    y += (blockIdx.z * count + first) * n + at;
    int mine = (int)((unsigned int)(last - first + apart - 1) / apart);
    int64 step = (int64)apart * n;
    if (n % N == 0 && aligned<T0, N>(a) && aligned<TO, N>(y)) down<true>(a, v, y, N, mine, step, f);
    else down<false>(a, v, y, n - at, mine, step, f);
}

#define SAME_PARAMETERS const T0* a, const T1* b, TO* y, int64 count
#define ROWS_PARAMETERS const T0* a, const T1* b, TO* y, int64 count, int64 strip, int n, int columns
#define KERNEL_BINARY(name, f) KERNEL(256) name(PARAMETERS) { binary(ARGUMENTS, [](float u, float v) { return f; }); }
#define KERNEL_SAME(name, f) KERNEL(256) name(SAME_PARAMETERS) { same(a, b, y, count, [](float u, float v) { return f; }); }
#define KERNEL_ROWS(name, f) KERNEL(256) name(ROWS_PARAMETERS) { rows(a, b, y, count, strip, n, columns, [](float u, float v) { return f; }); }

KERNEL_BINARY(ADD, u + v)
KERNEL_BINARY(SUB, u - v)
KERNEL_BINARY(MUL, u * v)
KERNEL_BINARY(DIV, u / v)
KERNEL_SAME(ADD_SAME, u + v)
KERNEL_SAME(SUB_SAME, u - v)
KERNEL_SAME(MUL_SAME, u * v)
KERNEL_SAME(DIV_SAME, u / v)
KERNEL_ROWS(ADD_ROWS, u + v)
KERNEL_ROWS(SUB_ROWS, u - v)
KERNEL_ROWS(MUL_ROWS, u * v)
KERNEL_ROWS(DIV_ROWS, u / v)
