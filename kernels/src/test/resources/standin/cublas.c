/* A stand-in for cuBLAS: products of column-major matrices by plain loops over the stand-in driver's memory, on its stream. */
#include <stddef.h>
#include "numbers.h"

typedef unsigned long long u64;
typedef struct { int ta, tb, m, n, k, type, result, lda, ldb, ldc, batch; long long sa, sb, sc; char *a, *b, *c; } Product;

extern void *standin_memory(u64 address, u64 bytes);
extern int standin_later(void (*work)(void *), const void *arguments, size_t bytes);

enum { INVALID = 7, UNSUPPORTED = 15, COMPUTE_32F = 68, BFLOAT = 14 };

int cublasGetProperty(int part, int *value) { *value = (int[]){CUDA, 6, 0}[part]; return 0; }
int cublasCreate_v2(void **h) { *h = (void *)0xb1a5; return 0; }
int cublasSetStream_v2(void *h, void *s) { return s == (void *)0x5678 ? 0 : INVALID; }
int cublasSetMathMode(void *h, int mode) { return mode == 16 ? 0 : INVALID; }
int cublasSetWorkspace_v2(void *h, void *at, size_t bytes) { return standin_memory((u64)at, bytes) ? 0 : INVALID; }

/* Elements from the first to behind the last of a column-major matrix; beyond them may lie what is not its own. */
static u64 extent(int step, int rows, int columns) { return (u64)step * (columns - 1) + rows; }

static void multiply(void *arguments) {
    Product *p = arguments;
    for (int i = 0; i < p->batch; i++) {
        float *A = widened(p->a + i * p->sa * size_of(p->type), extent(p->lda, p->ta ? p->k : p->m, p->ta ? p->m : p->k), p->type);
        float *B = widened(p->b + i * p->sb * size_of(p->type), extent(p->ldb, p->tb ? p->n : p->k, p->tb ? p->k : p->n), p->type);
        for (int x = 0; x < p->n; x++) {
            for (int y = 0; y < p->m; y++) {
                double sum = 0;
                for (int j = 0; j < p->k; j++) {
                    sum += (double)A[p->ta ? j + (long)y * p->lda : y + (long)j * p->lda] * B[p->tb ? x + (long)j * p->ldb : j + (long)x * p->ldb];
                }
                store(p->c, i * p->sc + y + (long)x * p->ldc, p->result, sum);
            }
        }
        free(A);
        free(B);
    }
}

/* Sums in F32 for every type (compute type 68): neither TF32 nor sums in 16 bits. */
int cublasGemmStridedBatchedEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha, u64 a, int at, int lda,
        long long sa, u64 b, int bt, int ldb, long long sb, const float *beta, u64 c, int ct, int ldc, long long sc,
        int batch, int compute, int algorithm) {
    if (at != FLOAT && at != HALF && at != BFLOAT) return UNSUPPORTED;
    if (at != bt || (at != ct && ct != FLOAT)) return UNSUPPORTED;
    if (h != (void *)0xb1a5 || compute != COMPUTE_32F || algorithm != -1 || *alpha != 1 || *beta != 0) return INVALID;
    if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m || batch < 1) return INVALID;
    Product p = {ta, tb, m, n, k, at, ct, lda, ldb, ldc, batch, sa, sb, sc};
    p.a = standin_memory(a, size_of(at) * ((batch - 1) * sa + extent(lda, ta ? k : m, ta ? m : k)));
    p.b = standin_memory(b, size_of(at) * ((batch - 1) * sb + extent(ldb, tb ? n : k, tb ? k : n)));
    p.c = standin_memory(c, size_of(ct) * ((batch - 1) * sc + extent(ldc, m, n)));
    return p.a && p.b && p.c ? standin_later(multiply, &p, sizeof p) : INVALID;
}

int cublasGemmEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha, u64 a, int at, int lda, u64 b,
        int bt, int ldb, const float *beta, u64 c, int ct, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, a, at, lda, 0, b, bt, ldb, 0, beta, c, ct, ldc, 0, 1, compute, algorithm);
}
