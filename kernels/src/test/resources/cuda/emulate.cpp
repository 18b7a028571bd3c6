// The threads of emulate.h, compiled once for all kernels.
#include "emulate.h"
#ifndef __x86_64__
#include <ucontext.h>
#endif
#include <vector>

Dim threadIdx, blockIdx, blockDim, gridDim;

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
unsigned char* shared;
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

int lane() { return current % 32; }

uint64_t (*exchange(const uint64_t* words, int count))[6] {
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

int run(void (*kernel)(void**), void** p, int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
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

void barrier() { wait(block, live); }

void copy16(void* to, const void* from, bool inside) {
    if (((uintptr_t)to | (uintptr_t)from) % 16) abort();
    fibers[current].groups.back().push_back({to, from, inside});
}

void commit() { fibers[current].groups.emplace_back(); }

// Only now do the copies happen, so that a read before the wait finds nothing.
void await(int n) {
    auto& groups = fibers[current].groups;
    while ((int)groups.size() > n + 1) {
        for (const Copy& c : groups.front()) {
            if (c.inside) memcpy(c.to, c.from, 16);
            else memset(c.to, 0, 16);
        }
        groups.erase(groups.begin());
    }
}
}
