/* A stand-in for the NVIDIA driver, for tests of call sequences: no GPU, no speed. It knows one kernel by name, and runs those that are
 * built for the host (a module that is the path of a library).
 *
 * "Device" memory is host memory, under addresses that the host cannot use unless CUDA_STANDIN_NEAR is set, as kernels on the host need.
 * Copies and kernels wait in the queue of their stream until somebody waits for them, as late as a real device may do them: host memory
 * that is reused too early shows as wrong data, and so does a stream that should have waited for another. With CUDA_STANDIN_EAGER the second
 * stream works as early as it may instead. From launch number CUDA_STANDIN_FAILS on, every wait reports an error, as after a bad access.
 * CUDA_STANDIN_MEGABYTES is the device's memory. Every call is logged to the file that CUDA_STANDIN_LOG names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long u64;
typedef unsigned int u32;
#define FAR (getenv("CUDA_STANDIN_NEAR") ? 0 : 1ULL << 60)
#define TOTAL (number("CUDA_STANDIN_MEGABYTES", 256) << 20)

enum { INVALID = 1, NO_MEMORY = 2, NO_CONTEXT = 201, NOT_FOUND = 500, BAD_ACCESS = 700, FAILED = 719, CAPTURING = 900 };

static u64 number(const char *name, u64 otherwise) { return getenv(name) ? strtoull(getenv(name), 0, 10) : otherwise; }

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

/* ---- streams: handles 0x5678 for the first, 0x5679 for the second */
typedef enum { COPY, SCALE, RECORD, WAIT, CALL } Kind;
typedef struct { Kind kind; void *to, *from; u64 bytes; int k; float f; u64 ticket; void (*call)(void *); } Work;
typedef struct { Work *work; int first, last, room; } Queue;
static Queue queues[2], *capture;
static int streams, failures, launches;
static u64 tickets, newest[1 << 16]; /* the newest record of each event */

static int index_of(void *stream) { return stream == (void *)0x5678 ? 0 : stream == (void *)0x5679 && streams == 2 ? 1 : -1; }

static void finish(u64 ticket);

/* A stream's work in order, through the record of a ticket, or all of it. */
static void run(Queue *q, u64 ticket) {
    while (q->first < q->last) {
        Work w = q->work[q->first++];
        if (w.kind == COPY) memcpy(w.to, w.from, w.bytes);
        if (w.kind == SCALE) for (u64 i = 0; i < w.bytes; i++) ((float *)w.to)[i] = w.k * ((float *)w.from)[i] + w.f;
        if (w.kind == WAIT) finish(w.ticket);
        if (w.kind == CALL) w.call(w.from);
        if (w.kind == RECORD && w.ticket == ticket) return;
    }
    q->first = q->last = 0;
}

static void finish(u64 ticket) {
    for (int s = 0; s < 2; s++) {
        for (int i = queues[s].first; i < queues[s].last; i++) {
            if (queues[s].work[i].kind == RECORD && queues[s].work[i].ticket == ticket) { run(&queues[s], ticket); return; }
        }
    }
}

static void finish_all(void) { run(&queues[0], 0); run(&queues[1], 0); }

static void push(Queue *q, Work w) {
    if (q->last == q->room) q->work = realloc(q->work, (q->room = 2 * q->room + 64) * sizeof(Work));
    q->work[q->last++] = w;
}

static int later(void *stream, Work w) {
    int s = index_of(stream);
    if (s < 0) { say("BAD STREAM %p", stream); return INVALID; }
    if (capture && s == 0) {
        if (w.kind == RECORD || w.kind == WAIT) say("BAD event in a capture");
        push(capture, w);
        return 0;
    }
    push(&queues[s], w);
    if (s == 1 && getenv("CUDA_STANDIN_EAGER")) run(&queues[1], 0);
    return 0;
}

/* What a capture forbids. */
static int forbidden(const char *call) {
    if (capture) say("BAD %s in a capture", call);
    return capture != 0;
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
int cuStreamCreate(void **s, u32 flags) {
    *s = (void *)(0x5678LL + streams++);
    say("stream %u", flags);
    return streams > 2 ? INVALID : current ? 0 : NO_CONTEXT;
}
int cuStreamSynchronize(void *s) {
    say("synchronize %p", s);
    if (forbidden("synchronize")) return CAPTURING;
    if (index_of(s) < 0) return INVALID;
    run(&queues[index_of(s)], 0);
    return failures ? FAILED : launches >= number("CUDA_STANDIN_FAILS", 1 << 30) ? BAD_ACCESS : 0;
}
int cuMemGetInfo_v2(size_t *f, size_t *t) { *f = TOTAL - held; *t = TOTAL; return 0; }
int cuMemAllocHost_v2(void **p, size_t n) { say("pin %zu", n); *p = malloc(n); return 0; }
int cuMemFreeHost(void *p) { say("unpin"); free(p); return 0; }

int cuMemAlloc_v2(u64 *p, size_t n) {
    if (!current) return NO_CONTEXT;
    if (n == 0) return INVALID;
    if (capture) say("alloc in a capture");
    if (held + n > TOTAL) { say("full %zu", n); return NO_MEMORY; }
    held += n;
    *p = (u64)aligned_alloc(256, (n + 255) / 256 * 256) + FAR;
    blocks[block_count].at = *p;
    blocks[block_count++].bytes = n;
    say("alloc %zu", n);
    return 0;
}

int cuMemFree_v2(u64 p) {
    if (forbidden("free")) return CAPTURING;
    finish_all();
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
    return m ? later(s, (Work){COPY, m, (void *)from, n}) : INVALID;
}

int cuMemcpyDtoHAsync_v2(void *to, u64 from, size_t n, void *s) {
    say("down %zu on %p", n, s);
    void *m = memory(from, n);
    return m ? later(s, (Work){COPY, to, m, n}) : INVALID;
}

int cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t n, void *s) {
    say("move %zu on %p", n, s);
    void *t = memory(to, n), *f = memory(from, n);
    return t && f ? later(s, (Work){COPY, t, f, n}) : INVALID;
}

int cuEventCreate(void **e, u32 flags) { static u64 next; *e = (void *)++next; return next < 1 << 16 ? 0 : INVALID; }
int cuEventDestroy_v2(void *e) { return 0; }
int cuEventRecord(void *e, void *s) {
    say("record %p on %p", e, s);
    newest[(u64)e] = ++tickets;
    return later(s, (Work){.kind = RECORD, .ticket = tickets});
}
int cuStreamWaitEvent(void *s, void *e, u32 flags) {
    say("wait %p on %p", e, s);
    return later(s, (Work){.kind = WAIT, .ticket = newest[(u64)e]});
}
/* Each time is longer than the one before, so what is measured first wins. */
int cuEventElapsedTime(float *millis, void *from, void *to) { static int asked; *millis = ++asked; return forbidden("elapsed time") ? CAPTURING : 0; }
int cuEventSynchronize(void *e) {
    say("await %p", e);
    if (forbidden("await")) return CAPTURING;
    finish(newest[(u64)e]);
    return launches >= number("CUDA_STANDIN_FAILS", 1 << 30) ? BAD_ACCESS : 0;
}

/* ---- graphs: a list of work that launching queues again */
int cuStreamBeginCapture_v2(void *s, int mode) {
    say("capture on %p in mode %d", s, mode);
    if (capture || index_of(s) != 0) return INVALID;
    capture = calloc(1, sizeof(Queue));
    return 0;
}
int cuStreamEndCapture(void *s, void **graph) {
    if (!capture || index_of(s) != 0) return INVALID;
    say("captured %d", capture->last);
    *graph = capture;
    capture = 0;
    return 0;
}
int cuGraphInstantiateWithFlags(void **exec, void *graph, u64 flags) {
    Queue *g = graph, *e = calloc(1, sizeof(Queue));
    for (int i = 0; i < g->last; i++) push(e, g->work[i]);
    *exec = e;
    say("graph");
    return flags ? INVALID : 0;
}
int cuGraphDestroy(void *graph) { free(((Queue *)graph)->work); free(graph); return 0; }
int cuGraphLaunch(void *exec, void *s) {
    Queue *e = exec;
    say("launch graph of %d on %p", e->last, s);
    for (int i = 0; i < e->last; i++) later(s, e->work[i]);
    return 0;
}
int cuGraphExecDestroy(void *exec) { say("end of graph"); free(((Queue *)exec)->work); free(exec); return 0; }

/* ---- kernels */
static void *const known = (void *)1;
int cuModuleLoadData(void **m, const void *image) {
    say("module %.8s", (const char *)image);
    *m = known;
    if (*(const char *)image != '/') return 0;
    *m = dlopen(image, RTLD_NOW | RTLD_LOCAL);
    if (!*m) say("BAD MODULE %s", dlerror());
    return *m ? 0 : INVALID;
}
int cuModuleGetFunction(void **f, void *m, const char *name) {
    say("function %s", name);
    char emulated[128];
    snprintf(emulated, sizeof emulated, "emulate_%s", name);
    *f = m == known ? (strcmp(name, "scale") == 0 ? (void *)7 : 0) : dlsym(m, emulated);
    return *f ? 0 : NOT_FOUND;
}
int cuFuncSetAttribute(void *f, int a, int v) { say("attribute %d %d", a, v); return f ? 0 : INVALID; }

#define MOST_PARAMETERS 64
typedef struct { int (*kernel)(void **, int, int, int, int, int); u32 x, y, z, block, shared; u64 values[MOST_PARAMETERS]; } Emulated;

static void emulate(void *arguments) {
    Emulated *e = arguments;
    void *at[MOST_PARAMETERS];
    for (int i = 0; i < MOST_PARAMETERS; i++) at[i] = &e->values[i];
    if (e->kernel(at, e->x, e->y, e->z, e->block, e->shared)) { say("BAD KERNEL"); failures++; }
}

int standin_later(void (*work)(void *), const void *arguments, size_t bytes);

/* The known one is y = k x + f over n floats: parameters x, y, n (64 bits), k (int), f (float). */
int cuLaunchKernel(void *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, void *s, void **p, void **extra) {
    if (!f || !current || extra) return INVALID;
    launches++;
    if (f != (void *)7) {
        Emulated e = {f, gx, gy, gz, bx, shared};
        for (int i = 0; i < MOST_PARAMETERS; i++) e.values[i] = *(u64 *)p[i];
        say("launch %u %u %u x %u on %p", gx, gy, gz, bx, s);
        return s == (void *)0x5678 ? standin_later(emulate, &e, sizeof e) : INVALID;
    }
    u64 n = *(u64 *)p[2];
    say("launch %u %u %u x %u %u %u shared %u on %p: n %llu k %d f %g", gx, gy, gz, bx, by, bz, shared, s, n, *(int *)p[3], *(float *)p[4]);
    void *x = memory(*(u64 *)p[0], n * 4), *y = memory(*(u64 *)p[1], n * 4);
    return x && y ? later(s, (Work){SCALE, y, x, n, *(int *)p[3], *(float *)p[4]}) : INVALID;
}

int cuGetErrorName(int code, const char **s) { *s = code == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR"; return 0; }
int cuGetErrorString(int code, const char **s) { *s = code == NOT_FOUND ? "named symbol not found" : code == BAD_ACCESS ? "an illegal memory access was encountered" : "an error"; return 0; }

/* For the stand-ins of libraries: memory, and work on the first stream. */
void *standin_memory(u64 address, u64 bytes) { return memory(address, bytes); }
int standin_later(void (*work)(void *), const void *arguments, size_t bytes) {
    void *kept = malloc(bytes); /* never freed: a graph may repeat it */
    memcpy(kept, arguments, bytes);
    return later((void *)0x5678, (Work){.kind = CALL, .call = work, .from = kept});
}

/* For the stand-ins of libraries: a line of the log. */
void standin_note(const char *what) { say("%s", what); }
