// Compiles a kernel as C++ and runs it on the host: every CUDA thread of a block is a fiber, blocks run one after the other (emulate.cpp). It
// shows that indexing, synchronization and arithmetic are right, not what a GPU would do. In front of prelude.cuh, with EMULATED defined.
// Without the headers of C++, which take longer to compile than most kernels.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE inline
#define KERNEL(threads) static void
#define __shared__ static
#define DYNAMIC_SHARED(name) unsigned char* name = emulation::shared

struct Dim { unsigned int x, y, z; };
extern Dim threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {
extern unsigned char* shared;

// Runs a kernel over a grid: 0, or 1 if threads wait for each other forever, or 2 if a block writes past its shared memory.
int run(void (*kernel)(void**), void** p, int gridX, int gridY, int gridZ, int threads, int sharedBytes);

// Waits for all threads of the block.
void barrier();

// This thread's number in its warp.
int lane();

// Hands in count words and waits for the warp; the words of all lanes.
uint64_t (*exchange(const uint64_t* words, int count))[6];

// Copies of 16 bytes to shared memory, or zeros where they lie outside; they happen when a thread waits for their group.
void copy16(void* to, const void* from, bool inside);
void commit();
void await(int groups);

template <typename... A> struct Call { Call(void (*kernel)(A...), A... a) { kernel(a...); } };

// Calls a kernel with the values that p points at.
template <typename... A> void call(void (*kernel)(A...), void** p) {
    int i = 0;
    Call<A...>{kernel, *(A*)p[i++]...}; // braces: from left to right
}
}

#define EMULATE(name) \
    extern "C" __attribute__((visibility("default"))) int emulate_##name(void** p, int x, int y, int z, int threads, int sharedBytes) { \
        return emulation::run([](void** q) { emulation::call(name, q); }, p, x, y, z, threads, sharedBytes); \
    }

inline void __syncthreads() { emulation::barrier(); }

inline float __shfl_xor_sync(unsigned int, float v, int step) {
    uint64_t word = 0;
    memcpy(&word, &v, 4);
    memcpy(&v, &emulation::exchange(&word, 1)[emulation::lane() ^ step][0], 4);
    return v;
}

template <typename T> T min(T a, T b) { return a < b ? a : b; }
template <typename T> T max(T a, T b) { return a > b ? a : b; }
inline float cospif(float x) { return (float)cos(M_PI * x); }
inline float __uint_as_float(unsigned int bits) { float f; memcpy(&f, &bits, 4); return f; }
inline float __int_as_float(int bits) { return __uint_as_float((unsigned int)bits); }
inline unsigned int __float_as_uint(float f) { unsigned int bits; memcpy(&bits, &f, 4); return bits; }

inline float half_to_float(unsigned short h) {
    unsigned int exponent = h >> 10 & 31, mantissa = h & 1023, sign = (h & 0x8000u) << 16;
    if (exponent == 31) return __uint_as_float(sign | 0x7f800000 | mantissa << 13);
    if (exponent > 0) return __uint_as_float(sign | exponent + 112 << 23 | mantissa << 13);
    float f = mantissa * 0x1p-24f;
    return sign ? -f : f;
}

inline unsigned short float_to_half(float f) {
    unsigned int bits = __float_as_uint(f), a = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
    if (a > 0x7f800000) return sign | 0x7e00;
    if (a < 0x38800000) return sign | (unsigned int)rintf(__uint_as_float(a) * 0x1p24f);
    unsigned int rounded = (a + 0xfff + (a >> 13 & 1)) >> 13;
    return sign | (rounded - (112 << 10) > 0x7c00 ? 0x7c00 : rounded - (112 << 10));
}

inline unsigned short float_to_bf16(float f) {
    if (f != f) return 0x7fff;
    unsigned int bits = __float_as_uint(f);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

inline float power_of_two(float x) { float y = exp2f(x); return y < 0x1p-126f ? 0.0f : y; }
inline float reciprocal(float x) { float y = 1.0f / x; return fabsf(y) < 0x1p-126f ? 0.0f : y; }

typedef uint64_t Shared;
inline Shared shared_address(const void* p) { return (Shared)p; }
inline void copy_async16(Shared to, const void* from, bool inside) { emulation::copy16((void*)to, from, inside); }
inline void copy_commit() { emulation::commit(); }
template <int N> void copy_wait() { emulation::await(N); }

inline void load_tiles(unsigned int (&r)[4], Shared row) {
    uint64_t word = row;
    if (word % 16) abort();
    auto rows = emulation::exchange(&word, 1);
    int lane = emulation::lane();
    for (int i = 0; i < 4; i++) memcpy(&r[i], (const char*)rows[i * 8 + lane / 4][0] + 4 * (lane % 4), 4);
}

inline void load_tiles_transposed(unsigned int (&r)[4], Shared row) {
    uint64_t word = row;
    if (word % 16) abort();
    auto rows = emulation::exchange(&word, 1);
    int lane = emulation::lane();
    for (int i = 0; i < 4; i++) {
        unsigned short low, high;
        memcpy(&low, (const char*)rows[i * 8 + lane % 4 * 2][0] + 2 * (lane / 4), 2);
        memcpy(&high, (const char*)rows[i * 8 + lane % 4 * 2 + 1][0] + 2 * (lane / 4), 2);
        r[i] = low | (unsigned int)high << 16;
    }
}


inline float element(struct F16, uint64_t word, int k);
inline float element(struct BF16, uint64_t word, int k);

// Fragments as PTX lays them out: a[row][k] is in lane row%8*4 + k%8/2, register row/8 + k/8*2; b[k][n] in lane n*4 + k%8/2, register k/8.
template <typename T> void multiply_tiles(T type, float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
    uint64_t words[6] = {a[0], a[1], a[2], a[3], b0, b1};
    auto all = emulation::exchange(words, 6);
    int lane = emulation::lane();
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + i / 2 * 8, n = lane % 4 * 2 + i % 2;
        for (int k = 0; k < 16; k++) {
            float x = element(type, all[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k);
            float y = element(type, all[n * 4 + k % 8 / 2][4 + k / 8], k);
            c[i] += x * y;
        }
    }
}
