/* A stand-in for cuBLASLt: a product of column-major matrices of 16 bits, plus bias and addend, by plain loops over the stand-in driver's memory, on its
 * stream. Of the algorithms that its heuristic gives, the first fails when it runs, the second has a status, the others can be used; for one it gives the third. */
#include <stddef.h>
#include <stdio.h>
#include "numbers.h"

typedef unsigned long long u64;
typedef struct { int ta, tb, epilogue, bias_type; u64 bias; } How;
typedef struct { int type; u64 rows, columns; } Layout;
typedef struct { u64 workspace; int reductions, alignment[4]; } Preference;
typedef struct { u64 magic, number, unused[6]; } Algorithm;
typedef struct { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; } Result;
typedef struct { int ta, tb, m, n, k, type; char *a, *b, *bias, *c, *d; } Product;

extern void standin_note(const char *what);
extern void *standin_memory(u64 address, u64 bytes);
extern int standin_later(void (*work)(void *), const void *arguments, size_t bytes);

enum { INVALID = 7, UNSUPPORTED = 15, COMPUTE_32F = 68, BFLOAT = 14, BIAS = 4, MAGIC = 0x17a5, SCRATCH = 4096 };

size_t cublasLtGetVersion(void) { return CUDA * 10000 + 600; }
int cublasLtCreate(void **h) { *h = (void *)0x17; return 0; }
int cublasLtMatmulDescCreate(How **d, int compute, int scale) {
    *d = calloc(1, sizeof **d);
    (*d)->epilogue = 1;
    return compute == COMPUTE_32F && scale == FLOAT ? 0 : INVALID;
}
int cublasLtMatmulDescSetAttribute(How *d, int name, const void *value, size_t bytes) {
    void *to = name == 3 ? (void *)&d->ta : name == 4 ? &d->tb : name == 7 ? &d->epilogue : name == 26 ? &d->bias_type : name == 8 ? (void *)&d->bias : 0;
    if (!to || bytes != (name == 8 ? 8 : 4)) return INVALID;
    memcpy(to, value, bytes);
    return 0;
}
int cublasLtMatrixLayoutCreate(Layout **l, int type, u64 rows, u64 columns, long step) {
    *l = malloc(sizeof **l);
    **l = (Layout){type, rows, columns};
    return step == rows ? 0 : INVALID;
}
int cublasLtMatmulPreferenceCreate(Preference **p) { *p = calloc(1, sizeof **p); return 0; }
int cublasLtMatmulPreferenceSetAttribute(Preference *p, int name, const void *value, size_t bytes) {
    void *to = name == 1 ? (void *)&p->workspace : name == 3 ? (void *)&p->reductions : name >= 5 && name <= 8 ? &p->alignment[name - 5] : 0;
    if (!to || bytes != (name == 1 ? 8 : 4)) return INVALID;
    memcpy(to, value, bytes);
    return 0;
}

/* Whether operands fit each other. */
static int fit(How *h, Layout *a, Layout *b, Layout *c, Layout *d) {
    u64 m = h->ta ? a->columns : a->rows, k = h->ta ? a->rows : a->columns, n = h->tb ? b->rows : b->columns;
    if (a->type != HALF && a->type != BFLOAT) return 0;
    if (h->epilogue != 1 && (h->epilogue != BIAS || h->bias_type != a->type || !h->bias)) return 0;
    return b->type == a->type && d->type == a->type && c == d && (h->tb ? b->columns : b->rows) == k && d->rows == m && d->columns == n;
}

int cublasLtMatmulAlgoGetHeuristic(void *handle, How *h, Layout *a, Layout *b, Layout *c, Layout *d, Preference *p, int most, Result *r, int *count) {
    standin_note("heuristic");
    for (int i = 0; i < 4; i++) if (p->alignment[i] != 16) return INVALID;
    if (handle != (void *)0x17 || !fit(h, a, b, c, d) || p->workspace < SCRATCH || p->reductions != 2) return INVALID;
    int first = most == 1 ? 2 : 0;
    for (*count = 0; *count < most && *count < 4; ++*count) {
        int number = first + *count;
        r[*count] = (Result){.algorithm = {MAGIC, number}, .workspace = SCRATCH, .state = number == 1 ? UNSUPPORTED : 0};
    }
    return 0;
}

int cublasLtMatmulAlgoCheck(void *handle, How *h, Layout *a, Layout *b, Layout *c, Layout *d, const Algorithm *algorithm, Result *r) {
    r->workspace = SCRATCH;
    return handle == (void *)0x17 && fit(h, a, b, c, d) && algorithm->magic == MAGIC && algorithm->number < 4 ? 0 : INVALID;
}

static void multiply(void *arguments) {
    Product *p = arguments;
    float *A = widened(p->a, (long)p->m * p->k, p->type), *B = widened(p->b, (long)p->k * p->n, p->type);
    for (long x = 0; x < p->n; x++) {
        for (long y = 0; y < p->m; y++) {
            double sum = (p->bias ? load(p->bias, y, p->type) : 0) + (p->c ? load(p->c, y + x * p->m, p->type) : 0);
            for (long j = 0; j < p->k; j++) sum += (double)A[p->ta ? j + y * p->k : y + j * p->m] * B[p->tb ? x + j * p->n : j + x * p->k];
            store(p->d, y + x * p->m, p->type, sum);
        }
    }
    free(A);
    free(B);
}

int cublasLtMatmul(void *handle, How *h, const float *alpha, u64 a, Layout *la, u64 b, Layout *lb, const float *beta, u64 c, Layout *lc, u64 d, Layout *ld,
        const Algorithm *algorithm, u64 workspace, size_t bytes, void *stream) {
    char note[40];
    sprintf(note, "multiply by %llu", algorithm->number);
    standin_note(note);
    if (handle != (void *)0x17 || stream != (void *)0x5678 || *alpha != 1 || (*beta != 0 && *beta != 1) || (*beta == 1) == (c == d)) return INVALID;
    if (!fit(h, la, lb, lc, ld) || algorithm->magic != MAGIC || algorithm->number == 1 || (a | b | c | d | h->bias) % 16) return INVALID;
    if (bytes < SCRATCH || !standin_memory(workspace, bytes)) return INVALID;
    if (algorithm->number == 0) return UNSUPPORTED;
    int size = size_of(la->type), added = h->epilogue == BIAS;
    Product p = {h->ta, h->tb, ld->rows, ld->columns, h->ta ? la->rows : la->columns, la->type};
    p.a = standin_memory(a, size * la->rows * la->columns);
    p.b = standin_memory(b, size * lb->rows * lb->columns);
    p.bias = added ? standin_memory(h->bias, size * ld->rows) : 0;
    p.c = *beta == 1 ? standin_memory(c, size * ld->rows * ld->columns) : 0;
    p.d = standin_memory(d, size * ld->rows * ld->columns);
    return p.a && p.b && p.d && !p.bias == !added && !p.c == (*beta == 0) ? standin_later(multiply, &p, sizeof p) : INVALID;
}
