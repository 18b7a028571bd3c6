/* A stand-in for cuDNN: convolutions in NHWC and their gradients by plain loops over the stand-in driver's memory, on its stream. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "numbers.h"

extern void standin_note(const char *what);
extern void *standin_memory(unsigned long long address, unsigned long long bytes);
extern int standin_later(void (*work)(void *), const void *arguments, size_t bytes);

typedef unsigned long long u64;
typedef struct { int format, type, n, c, h, w; } D; /* a filter as n = O, c = I */
typedef struct { int padh, padw, sh, sw, dh, dw, mode, type, groups, math; } C;
typedef struct { int algo, status; float time; size_t memory; int determinism, math, reserved[3]; } Perf;
enum { INVALID = 2000, UNSUPPORTED = 3000, SCRATCH = 4096, ALGORITHM = 1, UNREPEATABLE = 6, BFLOAT = 9, TENSOR_OP_MATH = 1, FMA_MATH = 3 };

size_t cudnnGetVersion(void) { return getenv("CUDA_STANDIN_CUDNN_VERSION") ? strtoull(getenv("CUDA_STANDIN_CUDNN_VERSION"), 0, 10) : 90501; }
/* The major of CUDA that it is built for. */
size_t cudnnGetCudartVersion(void) { return getenv("CUDA_STANDIN_CUDNN") ? strtoull(getenv("CUDA_STANDIN_CUDNN"), 0, 10) : 12060; }
int cudnnCreate(void **h) { *h = (void *)0xd11; return 0; }
int cudnnSetStream(void *h, void *s) { return s == (void *)0x5678 ? 0 : INVALID; }
const char *cudnnGetErrorString(int code) { return "stand-in"; }
int cudnnCreateTensorDescriptor(D **d) { *d = calloc(1, sizeof(D)); return 0; }
int cudnnCreateFilterDescriptor(D **d) { *d = calloc(1, sizeof(D)); return 0; }
int cudnnCreateConvolutionDescriptor(C **d) { *d = calloc(1, sizeof(C)); return 0; }
int cudnnSetTensor4dDescriptor(D *d, int format, int type, int n, int c, int h, int w) { *d = (D){format, type, n, c, h, w}; return 0; }
int cudnnSetFilter4dDescriptor(D *d, int type, int format, int o, int i, int h, int w) { *d = (D){format, type, o, i, h, w}; return 0; }
int cudnnSetConvolution2dDescriptor(C *d, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
    *d = (C){ph, pw, sh, sw, dh, dw, mode, type, 1};
    return 0;
}
int cudnnSetConvolutionGroupCount(C *d, int groups) { d->groups = groups; return 0; }
int cudnnSetConvolutionMathType(C *d, int math) { d->math = math; return 0; }

static u64 bytes(D *d) { return (u64)size_of(d->type) * d->n * d->c * d->h * d->w; }

/* what: 0 y, 1 x, 2 w is the result. */
typedef struct { int what; D x, w, y; C c; char *X, *W, *Y; } Convolution;

static void compute(void *arguments) {
    Convolution *a = arguments;
    D *x = &a->x, *w = &a->w, *y = &a->y, *r = a->what == 0 ? y : a->what == 1 ? x : w;
    C *c = &a->c;
    int type = r->type;
    u64 count = bytes(r) / size_of(type);
    double *sum = calloc(count, sizeof(double));
    float *X = widened(a->X, bytes(x) / size_of(type), type), *W = widened(a->W, bytes(w) / size_of(type), type);
    float *Y = widened(a->Y, bytes(y) / size_of(type), type);
    for (int b = 0; b < y->n; b++) for (int oy = 0; oy < y->h; oy++) for (int ox = 0; ox < y->w; ox++) for (int o = 0; o < w->n; o++) {
        long yi = (((long)b * y->h + oy) * y->w + ox) * y->c + o;
        for (int ky = 0; ky < w->h; ky++) for (int kx = 0; kx < w->w; kx++) {
            int iy = oy * c->sh - c->padh + ky, ix = ox * c->sw - c->padw + kx;
            if (iy < 0 || iy >= x->h || ix < 0 || ix >= x->w) continue;
            for (int i = 0; i < w->c; i++) {
                long xi = (((long)b * x->h + iy) * x->w + ix) * x->c + o / (w->n / c->groups) * w->c + i, wi = (((long)o * w->h + ky) * w->w + kx) * w->c + i;
                if (a->what == 0) sum[yi] += (double)X[xi] * W[wi];
                if (a->what == 1) sum[xi] += (double)Y[yi] * W[wi];
                if (a->what == 2) sum[wi] += (double)Y[yi] * X[xi];
            }
        }
    }
    char *result = a->what == 0 ? a->Y : a->what == 1 ? a->X : a->W;
    for (u64 i = 0; i < count; i++) store(result, i, type, sum[i]);
    free(sum);
    free(X);
    free(W);
    free(Y);
}

/* Sums in F32; F32 by plain multiply-adds, not in TF32, and narrower types on tensor cores. */
static int convolve(int what, D *x, u64 px, D *w, u64 pw, D *y, u64 py, C *c, u64 scratch, size_t size) {
    if (x->format != 1 || w->format != 1 || y->format != 1 || c->mode != 1 || c->type != FLOAT || c->dh != 1 || c->dw != 1) return INVALID;
    if (x->type != FLOAT && x->type != HALF && x->type != BFLOAT) return UNSUPPORTED;
    if (w->type != x->type || y->type != x->type) return UNSUPPORTED;
    if (c->math != (x->type == FLOAT ? FMA_MATH : TENSOR_OP_MATH)) return INVALID;
    if (x->c != w->c * c->groups || w->n % c->groups || y->c != w->n || x->n != y->n) return INVALID;
    if (y->h != (x->h + 2 * c->padh - w->h) / c->sh + 1 || y->w != (x->w + 2 * c->padw - w->w) / c->sw + 1) return INVALID;
    if (size < SCRATCH || !standin_memory(scratch, size)) return INVALID;
    Convolution a = {what, *x, *w, *y, *c, standin_memory(px, bytes(x)), standin_memory(pw, bytes(w)), standin_memory(py, bytes(y))};
    return a.X && a.W && a.Y ? standin_later(compute, &a, sizeof a) : INVALID;
}

/* The fastest of three cannot be had, as happens; the second may give other bits in each run; the third can be used. */
static int three(int asked, int *count, Perf *p) {
    standin_note("measure");
    p[0] = (Perf){.algo = 5, .status = UNSUPPORTED, .determinism = 1};
    p[1] = (Perf){.algo = UNREPEATABLE, .memory = SCRATCH};
    p[2] = (Perf){.algo = ALGORITHM, .memory = SCRATCH, .determinism = 1};
    *count = 3;
    return asked >= 3 ? 0 : INVALID;
}

int cudnnFindConvolutionForwardAlgorithmEx(void *h, D *x, u64 px, D *w, u64 pw, C *c, D *y, u64 py, int n, int *count, Perf *p, u64 s, size_t size) {
    int e = convolve(0, x, px, w, pw, y, py, c, s, size);
    return e ? e : three(n, count, p);
}
int cudnnFindConvolutionBackwardDataAlgorithmEx(void *h, D *w, u64 pw, D *y, u64 py, C *c, D *x, u64 px, int n, int *count, Perf *p, u64 s, size_t size) {
    int e = convolve(1, x, px, w, pw, y, py, c, s, size);
    return e ? e : three(n, count, p);
}
int cudnnFindConvolutionBackwardFilterAlgorithmEx(void *h, D *x, u64 px, D *y, u64 py, C *c, D *w, u64 pw, int n, int *count, Perf *p, u64 s, size_t size) {
    int e = convolve(2, x, px, w, pw, y, py, c, s, size);
    return e ? e : three(n, count, p);
}
static int scratch(int algorithm, size_t *size) { *size = SCRATCH; return algorithm == ALGORITHM || algorithm == UNREPEATABLE ? 0 : UNSUPPORTED; }
int cudnnGetConvolutionForwardWorkspaceSize(void *h, D *x, D *w, C *c, D *y, int a, size_t *s) { return scratch(a, s); }
int cudnnGetConvolutionBackwardDataWorkspaceSize(void *h, D *w, D *y, C *c, D *x, int a, size_t *s) { return scratch(a, s); }
int cudnnGetConvolutionBackwardFilterWorkspaceSize(void *h, D *x, D *y, C *c, D *w, int a, size_t *s) { return scratch(a, s); }

static int fine(int forward, int a, const float *alpha, const float *beta) {
    return (a == ALGORITHM || (forward && a == UNREPEATABLE)) && *alpha == 1 && *beta == 0;
}
int cudnnConvolutionForward(void *h, const float *al, D *x, u64 px, D *w, u64 pw, C *c, int a, u64 s, size_t size, const float *be, D *y, u64 py) {
    return fine(1, a, al, be) ? convolve(0, x, px, w, pw, y, py, c, s, size) : INVALID;
}
int cudnnConvolutionBackwardData(void *h, const float *al, D *w, u64 pw, D *y, u64 py, C *c, int a, u64 s, size_t size, const float *be, D *x, u64 px) {
    return fine(0, a, al, be) ? convolve(1, x, px, w, pw, y, py, c, s, size) : INVALID;
}
int cudnnConvolutionBackwardFilter(void *h, const float *al, D *x, u64 px, D *y, u64 py, C *c, int a, u64 s, size_t size, const float *be, D *w, u64 pw) {
    return fine(0, a, al, be) ? convolve(2, x, px, w, pw, y, py, c, s, size) : INVALID;
}

#include "cudnn_graph.c"
