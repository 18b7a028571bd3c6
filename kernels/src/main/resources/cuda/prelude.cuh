// Compiled in front of every kernel, with T0, T1, ... (element types of the operands) and TO (of the result) defined as one of the names
// below. No #include, so that NVRTC needs no headers.
//
// Element types are structs of bits: load them as float, store floats rounded as DType does (nearest even; F8 saturates, integers
// truncate). Arithmetic is in float. A "run" is up to N neighbouring elements that one thread moves, by one 16-byte access if the address
// is aligned.

#ifndef EMULATED
#define DEVICE __device__ __forceinline__
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#undef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif

typedef long long int64;
typedef unsigned long long uint64;

// ---- element types

struct F32 { float value; };
struct F64 { double value; };
struct F16 { unsigned short bits; };
struct BF16 { unsigned short bits; };
struct F8_E4M3 { unsigned char bits; };
struct F8_E5M2 { unsigned char bits; };
struct I64 { int64 value; };
struct I32 { int value; };
struct I16 { short value; };
struct I8 { signed char value; };
struct U8 { unsigned char value; };
struct BOOL { unsigned char value; };
struct alignas(16) Bytes16 { unsigned int words[4]; };

#ifndef EMULATED
DEVICE float half_to_float(unsigned short bits) { float f; asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(bits)); return f; }
DEVICE unsigned short float_to_half(float f) { unsigned short h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f)); return h; }
DEVICE unsigned short float_to_bf16(float f) { unsigned short h; asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(f)); return h; }

// 2^x and 1/x by one instruction each, within 2^-22 and 2^-23 of the result; what is below 2^-126 becomes 0.
DEVICE float power_of_two(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE float reciprocal(float x) { float y; asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
#endif

DEVICE float to_float(F32 x) { return x.value; }
DEVICE float to_float(F64 x) { return (float)x.value; }
DEVICE float to_float(F16 x) { return half_to_float(x.bits); }
DEVICE float to_float(BF16 x) { return __uint_as_float((unsigned int)x.bits << 16); }
DEVICE float to_float(F8_E5M2 x) { return half_to_float((unsigned short)(x.bits << 8)); }
DEVICE float to_float(I64 x) { return (float)x.value; }
DEVICE float to_float(I32 x) { return (float)x.value; }
DEVICE float to_float(I16 x) { return x.value; }
DEVICE float to_float(I8 x) { return x.value; }
DEVICE float to_float(U8 x) { return x.value; }
DEVICE float to_float(BOOL x) { return x.value == 0 ? 0.0f : 1.0f; }

// Exponent and mantissa, read as those of an F16, are 2^-8 times the value.
DEVICE float to_float(F8_E4M3 x) {
    if ((x.bits & 0x7f) == 0x7f) return __uint_as_float(0x7fc00000);
    return 256.0f * half_to_float((unsigned short)((x.bits & 0x80) << 8 | (x.bits & 0x7f) << 7));
}

DEVICE int to_int(float f) {
    return f != f ? 0 : f >= 2147483648.0f ? 0x7fffffff : f < -2147483648.0f ? -0x7fffffff - 1 : (int)f;
}

DEVICE int64 to_int64(float f) {
    return f != f ? 0 : f >= 9223372036854775808.0f ? 0x7fffffffffffffffLL
            : f < -9223372036854775808.0f ? -0x7fffffffffffffffLL - 1 : (int64)f;
}

DEVICE void from_float(F32& x, float f) { x.value = f; }
DEVICE void from_float(F64& x, float f) { x.value = f; }
DEVICE void from_float(F16& x, float f) { x.bits = float_to_half(f); }
DEVICE void from_float(BF16& x, float f) { x.bits = float_to_bf16(f); }
DEVICE void from_float(I64& x, float f) { x.value = to_int64(f); }
DEVICE void from_float(I32& x, float f) { x.value = to_int(f); }
DEVICE void from_float(I16& x, float f) { x.value = (short)to_int(f); }
DEVICE void from_float(I8& x, float f) { x.value = (signed char)to_int(f); }
DEVICE void from_float(U8& x, float f) { x.value = (unsigned char)to_int(f); }
DEVICE void from_float(BOOL& x, float f) { x.value = f == 0 ? 0 : 1; }

DEVICE void from_float(F8_E4M3& x, float f) {
    unsigned int bits = __float_as_uint(f), a = bits & 0x7fffffff;
    unsigned int rounded = (a + 0x7ffff + (a >> 20 & 1)) >> 20;    // keeps 3 mantissa bits
    unsigned int code = a > 0x7f800000 ? 0x7f
            : a < 0x3c800000 ? (unsigned int)rintf(__uint_as_float(a) * 512.0f)    // below 2^-6: multiples of 2^-9
            : min(rounded - (127 - 7 << 3), 0x7eu);
    x.bits = (unsigned char)(bits >> 24 & 0x80 | code);
}

DEVICE int64 index_of(I64 x) { return x.value; }
DEVICE int64 index_of(I32 x) { return x.value; }
DEVICE int64 index_of(I16 x) { return x.value; }
DEVICE int64 index_of(I8 x) { return x.value; }
DEVICE int64 index_of(U8 x) { return x.value; }
DEVICE int64 index_of(BOOL x) { return x.value != 0; }

// ---- runs of neighbouring elements

template <typename T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack { T at[N]; };

// Number of elements of one 16-byte access.
template <typename T> struct Wide { static const int N = 16 / sizeof(T); };

template <typename T, int N> DEVICE bool aligned(const T* p) { return (uint64)p % alignof(Pack<T, N>) == 0; }

// The first count elements at p; the others become fill. WHOLE: all of them, at an aligned address. Without the question, the compiler
// issues several loads before it waits for the first.
template <int N, bool WHOLE = false, typename T> DEVICE void load_run(const T* p, int count, float (&v)[N], float fill = 0) {
    if (WHOLE || (count >= N && aligned<T, N>(p))) {
        Pack<T, N> pack = *(const Pack<T, N>*)p;
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = to_float(pack.at[i]);
    } else {
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = i < count ? to_float(p[i]) : fill;
    }
}

template <int N, bool WHOLE = false, typename T> DEVICE void store_run(T* p, int count, const float (&v)[N]) {
    if (WHOLE || (count >= N && aligned<T, N>(p))) {
        Pack<T, N> pack;
#pragma unroll
        for (int i = 0; i < N; i++) from_float(pack.at[i], v[i]);
        *(Pack<T, N>*)p = pack;
    } else {
#pragma unroll
        for (int i = 0; i < N; i++) if (i < count) from_float(p[i], v[i]);
    }
}

template <typename T> DEVICE void store(T* p, float f) { from_float(*p, f); }

DEVICE int64 global_thread() { return (int64)blockIdx.x * blockDim.x + threadIdx.x; }

// ---- functions

DEVICE float sigmoid(float x) { return reciprocal(1.0f + expf(-x)); }
DEVICE float silu_slope(float x, float k) { float s = sigmoid(k * x); return s * (1.0f + k * x * (1.0f - s)); }

// x (1 + erf(x / sqrt(2))) / 2 with erf by formula 7.1.26 of Abramowitz and Stegun, within 3e-7. The tail is 0 in F32 long before 16, and
// only infinities need that bound; a NaN stays one.
DEVICE float gelu(float x) {
    float a = fminf(fabsf(x), 16.0f), t = reciprocal(fmaf(0.23164189f, a, 1.0f)), tail = power_of_two(-0.72134752f * x * x);
    float p = t * fmaf(t, fmaf(t, fmaf(t, fmaf(t, 0.5307027145f, -0.7265760135f), 0.7107068705f), -0.142248368f), 0.127414796f);
    return fmaf(-a * p, tail, fmaxf(x, 0.0f));
}
DEVICE float gelu_slope(float x) { return 0.5f * erfcf(x * -0.70710678f) + x * expf(-0.5f * x * x) * 0.39894228f; }

// (1 + tanh(u)) / 2 is sigmoid(2 u)
DEVICE float gelu_tanh_logit(float x) { return 1.5957691f * (x + 0.044715f * x * x * x); }
DEVICE float gelu_tanh_slope(float x) {
    float s = sigmoid(gelu_tanh_logit(x));
    return s * (1.0f + x * (1.0f - s) * 1.5957691f * (1.0f + 0.134145f * x * x));
}

// ---- elementwise kernels, for any layout: one thread for each run of 16 bytes of the result
//
// KERNEL_ELEMENTWISE(NAME, f) is an entry NAME with y = f, an expression of x and two numbers a and b.
// KERNEL_ELEMENTWISE_GRAD(NAME, f) is an entry NAME with y = g * f.

template <typename X, typename Y, typename F> DEVICE void elementwise(const X* x, Y* y, int64 count, F f) {
    const int N = Wide<Y>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N];
    load_run(x + at, n, v);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = f(v[i]);
    store_run(y + at, n, v);
}

template <typename X, typename G, typename Y, typename F> DEVICE void elementwise_grad(const X* x, const G* g, Y* y, int64 count, F f) {
    const int N = Wide<Y>::N;
    int64 at = global_thread() * N;
    if (at >= count) return;
    int n = (int)min((int64)N, count - at);
    float v[N], d[N];
    load_run(x + at, n, v);
    load_run(g + at, n, d);
#pragma unroll
    for (int i = 0; i < N; i++) v[i] = d[i] * f(v[i]);
    store_run(y + at, n, v);
}

#define KERNEL_ELEMENTWISE(name, f) \
    KERNEL(256) name(const T0* from, TO* y, int64 count, float a, float b) { elementwise(from, y, count, [=](float x) { return f; }); }
#define KERNEL_ELEMENTWISE_GRAD(name, f) \
    KERNEL(256) name(const T0* from, const T1* g, TO* y, int64 count, float a, float b) { \
        elementwise_grad(from, g, y, count, [=](float x) { return f; }); \
    }

// ---- reductions: every thread of the warp or block takes part and gets the result

DEVICE float warp_sum(float v) {
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

DEVICE float warp_max(float v) {
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, step));
    return v;
}

// scratch: one float for each warp, in shared memory. Blocks have whole warps.
DEVICE float block_sum(float v, float* scratch) {
    v = warp_sum(v);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    return warp_sum(threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : 0.0f);
}

DEVICE float block_max(float v, float* scratch) {
    v = warp_max(v);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    return warp_max(threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : -INFINITY);
}

// The sum of a * b over a row of n.
template <int N, typename A, typename B> DEVICE float row_dot(const A* a, const B* b, int n, float* scratch) {
    float v[N], w[N], dot = 0;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(a + at, n - at, v);
        load_run(b + at, n - at, w);
#pragma unroll
        for (int i = 0; i < N; i++) dot += v[i] * w[i];
    }
    return block_sum(dot, scratch);
}

// The sum of exp(x * scale - max) over a row of n, and max, the largest x * scale; in one pass.
template <int N, typename T> DEVICE float row_exponentials(const T* x, int n, float scale, float& max, float* scratch) {
    float v[N], seen = -INFINITY, sum = 0;
    for (int at = threadIdx.x * N; at < n; at += blockDim.x * N) {
        load_run(x + at, n - at, v, -INFINITY);
        float before = seen;
#pragma unroll
        for (int i = 0; i < N; i++) seen = fmaxf(seen, v[i] * scale);
        if (seen == -INFINITY) continue;
        sum *= expf(before - seen);
#pragma unroll
        for (int i = 0; i < N; i++) sum += expf(v[i] * scale - seen);
    }
    max = block_max(seen, scratch);
    return block_sum(seen == -INFINITY ? 0.0f : sum * expf(seen - max), scratch);
}

// Count, mean and sum of squared distances from it; merged by Chan's formula, so that a large mean loses no digits.
struct Moments { float count, mean, squares; };

DEVICE Moments join(Moments a, Moments b) {
    float count = a.count + b.count;
    if (count == 0.0f) return a;
    float part = b.count / count, d = b.mean - a.mean;
    Moments m = {count, a.mean + d * part, a.squares + b.squares + d * d * a.count * part};
    return m;
}

DEVICE Moments warp_join(Moments m) {
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) {
        Moments other = {__shfl_xor_sync(0xffffffffu, m.count, step), __shfl_xor_sync(0xffffffffu, m.mean, step),
                __shfl_xor_sync(0xffffffffu, m.squares, step)};
        m = join(m, other);
    }
    return m;
}

// ---- tensor cores and asynchronous copies (sm_80 and later)
//
// A Shared is the address of a byte in shared memory: made once, since each conversion takes instructions.

#ifndef EMULATED
typedef unsigned int Shared;
DEVICE Shared shared_address(const void* p) {
    unsigned int a;
    asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(a) : "l"(p));
    return a;
}

// Copies 16 bytes from global to shared memory, or writes zeros if not inside.
DEVICE void copy_async16(Shared to, const void* from, bool inside) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(inside ? 16 : 0) : "memory");
}
DEVICE void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> DEVICE void copy_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// Four 8x8 tiles of 16-bit elements; lane l gives the address of row l%8 of tile l/8.
DEVICE void load_tiles(unsigned int (&r)[4], Shared row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row) : "memory");
}
DEVICE void load_tiles_transposed(unsigned int (&r)[4], Shared row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(row) : "memory");
}

// c[16x8] += a[16x16] * b[16x8]
DEVICE void multiply_tiles(F16, float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
DEVICE void multiply_tiles(BF16, float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two neighbouring 16-bit elements in a register, the first in the low half.
DEVICE unsigned int pack_pair(F16, float low, float high) {
    unsigned int pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
DEVICE unsigned int pack_pair(BF16, float low, float high) {
    unsigned int pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
#endif
