// Compiles a kernel as C++ and runs it on the host: every CUDA thread of a block is a fiber, blocks run one after the other. It shows
// that indexing, synchronization and arithmetic are right, not what a GPU would do. In front of prelude.cuh, with EMULATED defined.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#ifndef __x86_64__
#include <ucontext.h>
#endif
#include <utility>
#include <vector>

#define DEVICE inline
#define KERNEL(threads) static void
#define __shared__ static
#define DYNAMIC_SHARED(name) unsigned char* name = emulation::shared

struct Dim { unsigned int x, y, z; };
static Dim threadIdx, blockIdx, blockDim, gridDim;

// A place where work was left. ucontext asks the system at each switch, which is most of the time of a kernel with barriers.
#ifdef __x86_64__
struct Context { void* stack; };
extern "C" __attribute__((visibility("hidden"))) void emulate_switch(Context* from, const Context* to);
asm(".text\n.globl emulate_switch\n.hidden emulate_switch\n.type emulate_switch, @function\nemulate_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\nmov %rsp, (%rdi)\nmov (%rsi), %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
inline void context_begin(Context* c, char* stack, size_t bytes, void (*run)()) {
    void** top = (void**)((uintptr_t)(stack + bytes) & ~(uintptr_t)15);
    top[-1] = nullptr;          // what a caller would have left
    top[-2] = (void*)run;       // where the first switch returns to, behind six registers
    c->stack = top - 8;
}
inline void context_switch(Context* from, Context* to) { emulate_switch(from, to); }
#else
typedef ucontext_t Context;
inline void context_begin(Context* c, char* stack, size_t bytes, void (*run)()) {
    getcontext(c);
    c->uc_stack.ss_sp = stack;
    c->uc_stack.ss_size = bytes;
    c->uc_link = nullptr;
    makecontext(c, run, 0);
}
inline void context_switch(Context* from, Context* to) { swapcontext(from, to); }
#endif

namespace emulation {
static const int STACK = 128 << 10, GUARD = 256;

struct Barrier { int waiting; unsigned int phase; };
struct Copy { void* to; const void* from; bool inside; };
struct Fiber {
    Context context;
    char* stack;
    bool live;
    unsigned int collectives;
    std::vector<std::vector<Copy>> groups;    // copies under way, the last group open
};
struct Warp {
    Barrier barrier;
    int live;
    uint64_t slots[2][32][6];                 // what each lane hands in, alternating
};

static Context scheduler;
static std::vector<Fiber> fibers;
static Warp warps[32];
static Barrier block;
static int live, current;
static bool progress;
static unsigned char* shared;
static void (*body)(void**);
static void** parameters;

inline void yield() { context_switch(&fibers[current].context, &scheduler); }

inline void wait(Barrier& b, const int& expected) {
    unsigned int phase = b.phase;
    b.waiting++;
    while (b.phase == phase) {
        if (b.waiting == expected) {
            b.waiting = 0;
            b.phase++;
            progress = true;
            return;
        }
        yield();
    }
}

inline int lane() { return current % 32; }

// Hands in count words and waits for the warp; the words of all lanes.
inline uint64_t (*exchange(const uint64_t* words, int count))[6] {
    Warp& w = warps[current / 32];
    uint64_t (*slots)[6] = w.slots[fibers[current].collectives++ % 2];
    memcpy(slots[lane()], words, count * 8);
    static const int all = 32;
    wait(w.barrier, all);
    return slots;
}

static void thread() {
    body(parameters);
    fibers[current].live = false;
    live--;
    progress = true;
    context_switch(&fibers[current].context, &scheduler);
}

// 0, or 1 if threads wait for each other forever, or 2 if a block writes past its shared memory.
static int run_block(int threads, int sharedBytes) {
    memset(shared, 0xff, sharedBytes);
    memset(shared + sharedBytes, 0xa5, GUARD);
    block = {};
    live = threads;
    for (Warp& w : warps) w.barrier = {};
    for (int t = 0; t < threads; t++) {
        Fiber& f = fibers[t];
        f.live = true;
        f.collectives = 0;
        f.groups.assign(1, {});
        context_begin(&f.context, f.stack, STACK, thread);
    }
    while (live > 0) {
        progress = false;
        for (int t = 0; t < threads; t++) {
            if (!fibers[t].live) continue;
            current = t;
            threadIdx = {(unsigned int)t, 0, 0};
            context_switch(&scheduler, &fibers[t].context);
        }
        if (!progress) return 1;
    }
    for (int i = 0; i < GUARD; i++) if (shared[sharedBytes + i] != 0xa5) return 2;
    return 0;
}

static int run(void (*kernel)(void**), void** p, int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
    body = kernel;
    parameters = p;
    blockDim = {(unsigned int)threads, 1, 1};
    gridDim = {(unsigned int)gridX, (unsigned int)gridY, (unsigned int)gridZ};
    while ((int)fibers.size() < threads) {
        fibers.emplace_back();
        fibers.back().stack = (char*)malloc(STACK);
    }
    shared = (unsigned char*)aligned_alloc(256, (sharedBytes + GUARD + 255) / 256 * 256);
    int failure = 0;
    for (int z = 0; z < gridZ && !failure; z++) {
        for (int y = 0; y < gridY && !failure; y++) {
            for (int x = 0; x < gridX && !failure; x++) {
                blockIdx = {(unsigned int)x, (unsigned int)y, (unsigned int)z};
                failure = run_block(threads, sharedBytes);
            }
        }
    }
    free(shared);
    return failure;
}

// Calls a kernel with the values that p points at.
template <typename... A, size_t... I> void call(void (*kernel)(A...), void** p, std::index_sequence<I...>) { kernel(*(A*)p[I]...); }
template <typename... A> void call(void (*kernel)(A...), void** p) { call(kernel, p, std::index_sequence_for<A...>()); }
}

#define EMULATE(name) \
    extern "C" int emulate_##name(void** p, int x, int y, int z, int threads, int sharedBytes) { \
        return emulation::run([](void** q) { emulation::call(name, q); }, p, x, y, z, threads, sharedBytes); \
    }

inline void __syncthreads() { emulation::wait(emulation::block, emulation::live); }

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

inline void copy_async16(void* to, const void* from, bool inside) {
    if (((uintptr_t)to | (uintptr_t)from) % 16) abort();
    emulation::fibers[emulation::current].groups.back().push_back({to, from, inside});
}

inline void copy_commit() { emulation::fibers[emulation::current].groups.emplace_back(); }

// Only now do the copies happen, so that a read before the wait finds nothing.
template <int N> void copy_wait() {
    auto& groups = emulation::fibers[emulation::current].groups;
    while ((int)groups.size() > N + 1) {
        for (const emulation::Copy& c : groups.front()) {
            if (c.inside) memcpy(c.to, c.from, 16);
            else memset(c.to, 0, 16);
        }
        groups.erase(groups.begin());
    }
}

inline void load_tiles(unsigned int (&r)[4], const void* row) {
    uint64_t word = (uint64_t)row;
    if (word % 16) abort();
    auto rows = emulation::exchange(&word, 1);
    int lane = emulation::lane();
    for (int i = 0; i < 4; i++) memcpy(&r[i], (const char*)rows[i * 8 + lane / 4][0] + 4 * (lane % 4), 4);
}

inline void load_tiles_transposed(unsigned int (&r)[4], const void* row) {
    uint64_t word = (uint64_t)row;
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
