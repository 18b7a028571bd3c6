// y = u OP v with broadcasting, one entry for each kind of BinaryOp. The result is [s0, s1, s2, inner] after merging axes; an operand's
// stride along an axis is 0 where it is broadcast, and 0 or 1 along the innermost axis.
// One thread for each run of 16 bytes of a row of the result; runs is the number of them in a row.

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
    int64 at = (int64)(t % runs) * N;
    int n = (int)min((int64)N, inner - at);
    unsigned int i2 = row % s2, i1 = row / s2 % s1, i0 = row / s2 / s1;
    float u[N], v[N];
    load_stepped(a + i0 * a0 + i1 * a1 + i2 * a2 + at * a3, a3, n, u);
    load_stepped(b + i0 * b0 + i1 * b1 + i2 * b2 + at * b3, b3, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) u[i] = f(u[i], v[i]);
    store_run(y + row * inner + at, n, u);
}

#define KERNEL_BINARY(name, f) KERNEL(256) name(PARAMETERS) { binary(ARGUMENTS, [](float u, float v) { return f; }); }

KERNEL_BINARY(ADD, u + v)
KERNEL_BINARY(SUB, u - v)
KERNEL_BINARY(MUL, u * v)
KERNEL_BINARY(DIV, u / v)
