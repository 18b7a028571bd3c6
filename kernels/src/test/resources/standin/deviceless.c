/* A stand-in for the NVIDIA driver with which cuDNN compiles plans for a described device: kernels are loaded and named, nothing runs. */
#include <stdio.h>
#include <stdlib.h>

static int some(void **p) { *p = malloc(8); return 0; }
static int named(void **p, const char *name) {
    FILE *log = fopen(getenv("CUDA_STANDIN_LOG"), "a");
    fprintf(log, "kernel %s\n", name);
    fclose(log);
    return some(p);
}
int cuDriverGetVersion(int *v) { *v = 13000; return 0; }
int cuLibraryLoadData(void **l) { return some(l); }
int cuModuleLoadData(void **m) { return some(m); }
int cuModuleLoadDataEx(void **m) { return some(m); }
int cuLibraryGetKernel(void **k, void *l, const char *name) { return named(k, name); }
int cuModuleGetFunction(void **f, void *m, const char *name) { return named(f, name); }
int cuKernelGetFunction(void **f) { return some(f); }
int cuLibraryGetModule(void **m) { return some(m); }
int cuLibraryGetGlobal(void **p, size_t *n) { *p = malloc(64); if (n) *n = 64; return 0; }
int cuCtxGetCurrent(void **c) { *c = (void *)1; return 0; }
int cuCtxGetDevice(int *d) { *d = 0; return 0; }
int cuDeviceGet(int *d) { *d = 0; return 0; }
int cuGetErrorString(int code, const char **s) { *s = "stand-in"; return 0; }
int cuGetErrorName(int code, const char **s) { *s = "stand-in"; return 0; }
#define FINE(f) int f(void) { return 0; }
FINE(cuLibraryUnload) FINE(cuModuleUnload) FINE(cuKernelSetAttribute) FINE(cuFuncSetAttribute)
/* What only running would need. */
#define ABSENT(f) int f(void) { return 100; }
ABSENT(cuCtxGetLimit) ABSENT(cuCtxPopCurrent) ABSENT(cuCtxPushCurrent) ABSENT(cuStreamGetCtx) ABSENT(cuLinkCreate) ABSENT(cuLinkAddData)
ABSENT(cuLinkComplete) ABSENT(cuLinkDestroy) ABSENT(cuLaunchKernel) ABSENT(cuLaunchCooperativeKernel) ABSENT(cuDeviceGetCount)
ABSENT(cuLibraryLoadFromFile) ABSENT(cuKernelGetAttribute) ABSENT(cuOccupancyMaxPotentialClusterSize) ABSENT(cuLaunchKernelEx)
