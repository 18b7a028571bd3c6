/* A stand-in for cuBLAS: products of column-major F32 matrices by plain loops over the stand-in driver's memory. */
#include <stddef.h>

extern void *standin_memory(unsigned long long address, unsigned long long bytes);

enum { INVALID = 7, UNSUPPORTED = 15 };

int cublasCreate_v2(void **h) { *h = (void *)0xb1a5; return 0; }
int cublasSetStream_v2(void *h, void *s) { return s == (void *)0x5678 ? 0 : INVALID; }
int cublasSetMathMode(void *h, int mode) { return mode == 16 ? 0 : INVALID; }
int cublasSetWorkspace_v2(void *h, void *at, size_t bytes) { return standin_memory((unsigned long long)at, bytes) ? 0 : INVALID; }

int cublasGemmStridedBatchedEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha, unsigned long long a, int at, int lda,
        long long sa, unsigned long long b, int bt, int ldb, long long sb, const float *beta, unsigned long long c, int ct, int ldc, long long sc,
        int batch, int compute, int algorithm) {
    if (at != 0 || bt != 0 || ct != 0) return UNSUPPORTED;
    if (h != (void *)0xb1a5 || compute != 68 || algorithm != -1 || *alpha != 1 || *beta != 0) return INVALID;
    if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return INVALID;
    for (int i = 0; i < batch; i++) {
        const float *A = standin_memory(a + 4 * i * sa, 4ULL * lda * (ta ? m : k)), *B = standin_memory(b + 4 * i * sb, 4ULL * ldb * (tb ? k : n));
        float *C = standin_memory(c + 4 * i * sc, 4ULL * ldc * n);
        if (!A || !B || !C) return INVALID;
        for (int x = 0; x < n; x++) {
            for (int y = 0; y < m; y++) {
                double sum = 0;
                for (int p = 0; p < k; p++) sum += (double)A[ta ? p + (long)y * lda : y + (long)p * lda] * B[tb ? x + (long)p * ldb : p + (long)x * ldb];
                C[y + (long)x * ldc] = sum;
            }
        }
    }
    return 0;
}

int cublasGemmEx(void *h, int ta, int tb, int m, int n, int k, const float *alpha, unsigned long long a, int at, int lda, unsigned long long b,
        int bt, int ldb, const float *beta, unsigned long long c, int ct, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, a, at, lda, 0, b, bt, ldb, 0, beta, c, ct, ldc, 0, 1, compute, algorithm);
}
