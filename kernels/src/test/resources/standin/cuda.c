/* A stand-in for the NVIDIA driver, for tests of call sequences: no GPU, no speed, one kernel known by name.
 *
 * "Device" memory is host memory under addresses that the host cannot use. Copies and kernels wait in a queue until somebody waits for
 * them, as late as a real device may do them: host memory that is reused too early shows as wrong data. Every call is logged to the file
 * that the environment's CUDA_STANDIN_LOG names. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long u64;
typedef unsigned int u32;
#define FAR (1ULL << 60)
#define TOTAL (256ULL << 20)

enum { INVALID = 1, NO_MEMORY = 2, NO_CONTEXT = 201, NOT_FOUND = 500 };

static void say(const char *format, ...) {
    static FILE *log;
    if (!log) log = fopen(getenv("CUDA_STANDIN_LOG"), "w");
    va_list a;
    va_start(a, format);
    vfprintf(log, format, a);
    va_end(a);
    fputc('\n', log);
    fflush(log);
}

/* ---- memory */
static struct { u64 at, bytes; } blocks[4096];
static int block_count;
static u64 held;
static __thread void *current;

static void *memory(u64 address, u64 bytes) {
    for (int i = 0; i < block_count; i++) {
        if (address >= blocks[i].at && address + bytes <= blocks[i].at + blocks[i].bytes) return (void *)(address - FAR);
    }
    say("BAD ADDRESS %llx for %llu bytes", address, bytes);
    return 0;
}

/* ---- the queue */
typedef struct { int kind; void *to, *from; u64 bytes; int k; float f; u64 event; } Work; /* kinds: 0 copy, 1 kernel, 2 event */
static Work queue[4096];
static int first, last;

static void until(u64 event) {
    while (first < last) {
        Work w = queue[first++];
        if (w.kind == 0) memcpy(w.to, w.from, w.bytes);
        if (w.kind == 1) for (u64 i = 0; i < w.bytes; i++) ((float *)w.to)[i] = w.k * ((float *)w.from)[i] + w.f;
        if (w.kind == 2 && w.event == event) return;
    }
    first = last = 0;
}

static int later(Work w) {
    if (last == 4096) until(0);
    queue[last++] = w;
    return 0;
}

/* ---- what JCuda calls */
int cuInit(u32 flags) { return 0; }
int cuDriverGetVersion(int *v) { *v = 13000; return 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = i; return i == 0 ? 0 : INVALID; }
int cuDeviceGetName(char *name, int n, int d) { strncpy(name, "stand-in, no GPU", n); return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 9 : a == 76 ? 0 : 1; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = (void *)0x1234; say("context"); return 0; }
int cuCtxSetCurrent(void *c) { current = c; return 0; }
int cuStreamCreate(void **s, u32 flags) { *s = (void *)0x5678; say("stream %u", flags); return current ? 0 : NO_CONTEXT; }
int cuStreamSynchronize(void *s) { say("synchronize %p", s); until(0); return 0; }
int cuMemGetInfo_v2(size_t *f, size_t *t) { *f = TOTAL - held; *t = TOTAL; return 0; }
int cuMemAllocHost_v2(void **p, size_t n) { say("pin %zu", n); *p = malloc(n); return 0; }

int cuMemAlloc_v2(u64 *p, size_t n) {
    if (!current) return NO_CONTEXT;
    if (n == 0) return INVALID;
    if (held + n > TOTAL) { say("full %zu", n); return NO_MEMORY; }
    held += n;
    *p = (u64)aligned_alloc(256, (n + 255) / 256 * 256) + FAR;
    blocks[block_count].at = *p;
    blocks[block_count++].bytes = n;
    say("alloc %zu", n);
    return 0;
}

int cuMemFree_v2(u64 p) {
    until(0);
    for (int i = 0; i < block_count; i++) {
        if (blocks[i].at != p) continue;
        say("free %llu", blocks[i].bytes);
        held -= blocks[i].bytes;
        blocks[i] = blocks[--block_count];
        free((void *)(p - FAR));
        return 0;
    }
    say("BAD FREE %llx", p);
    return INVALID;
}

int cuMemcpyHtoDAsync_v2(u64 to, const void *from, size_t n, void *s) {
    say("up %zu on %p", n, s);
    void *m = memory(to, n);
    return m ? later((Work){0, m, (void *)from, n}) : INVALID;
}

int cuMemcpyDtoHAsync_v2(void *to, u64 from, size_t n, void *s) {
    say("down %zu on %p", n, s);
    void *m = memory(from, n);
    return m ? later((Work){0, to, m, n}) : INVALID;
}

int cuEventCreate(void **e, u32 flags) { static u64 next; *e = (void *)++next; return 0; }
int cuEventRecord(void *e, void *s) { say("record %p", e); return later((Work){.kind = 2, .event = (u64)e}); }
int cuEventSynchronize(void *e) {
    say("await %p", e);
    for (int i = first; i < last; i++) if (queue[i].kind == 2 && queue[i].event == (u64)e) { until((u64)e); return 0; }
    return 0;
}

int cuModuleLoadData(void **m, const void *image) { say("module %.8s", (const char *)image); *m = (void *)1; return 0; }
int cuModuleGetFunction(void **f, void *m, const char *name) {
    say("function %s", name);
    *f = (void *)7;
    return strcmp(name, "scale") == 0 ? 0 : NOT_FOUND;
}
int cuFuncSetAttribute(void *f, int a, int v) { say("attribute %d %d", a, v); return f == (void *)7 ? 0 : INVALID; }

/* y = k x + f over n floats: parameters x, y, n (64 bits), k (int), f (float). */
int cuLaunchKernel(void *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, void *s, void **p, void **extra) {
    u64 n = *(u64 *)p[2];
    say("launch %u %u %u x %u %u %u shared %u on %p: n %llu k %d f %g", gx, gy, gz, bx, by, bz, shared, s, n, *(int *)p[3], *(float *)p[4]);
    if (f != (void *)7 || !current || extra) return INVALID;
    void *x = memory(*(u64 *)p[0], n * 4), *y = memory(*(u64 *)p[1], n * 4);
    return x && y ? later((Work){1, y, x, n, *(int *)p[3], *(float *)p[4]}) : INVALID;
}

int cuGetErrorName(int code, const char **s) { *s = code == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR"; return 0; }
int cuGetErrorString(int code, const char **s) { *s = code == NOT_FOUND ? "named symbol not found" : "an error"; return 0; }

/* For the stand-ins of libraries, which do their work at once: everything asked for before is done first. */
void *standin_memory(u64 address, u64 bytes) { until(0); return memory(address, bytes); }
