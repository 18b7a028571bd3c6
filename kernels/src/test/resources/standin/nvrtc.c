/* A stand-in for NVRTC: emulate.sh compiles a source for the host, and the "cubin" is the path of the library. With CUDA_STANDIN_UNCOMPILED every
 * source has an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER getenv("CUDA_STANDIN_FOLDER")
typedef struct { char *source, library[4096], log[4096]; } Program;
enum { COMPILATION = 6 };

int nvrtcVersion(int *major, int *minor) { *major = CUDA; *minor = 6; return 0; }
int nvrtcGetNumSupportedArchs(int *n) { *n = 3; return 0; }
int nvrtcGetSupportedArchs(int *known) { known[0] = 80; known[1] = 90; known[2] = 120; return 0; }
const char *nvrtcGetErrorString(int code) { return code == COMPILATION ? "NVRTC_ERROR_COMPILATION" : "an error"; }

int nvrtcCreateProgram(Program **p, const char *source, const char *name, int headers, const char *const *texts, const char *const *names) {
    *p = calloc(1, sizeof(Program));
    (*p)->source = strdup(source);
    return 0;
}
int nvrtcDestroyProgram(Program **p) { free((*p)->source); free(*p); return 0; }

int nvrtcCompileProgram(Program *p, int count, const char *const *options) {
    if (getenv("CUDA_STANDIN_UNCOMPILED")) { strcpy(p->log, "x.cu(1): error: this one\nnever compiles"); return COMPILATION; }
    char source[2048], command[8192];
    snprintf(source, sizeof source, "%s/kernelXXXXXX.cu", FOLDER);
    FILE *f = fdopen(mkstemps(source, 3), "w");
    fputs(p->source, f);
    fclose(f);
    int n = snprintf(command, sizeof command, "sh '%s/emulate.sh' '%s' '%s'", FOLDER, source, getenv("CUDA_STANDIN_KERNELS"));
    for (int i = 0; i < count; i++) if (strncmp(options[i], "-D", 2) == 0) n += snprintf(command + n, sizeof command - n, " %s", options[i]);
    FILE *path = popen(command, "r");
    if (fgets(p->library, sizeof p->library, path)) p->library[strcspn(p->library, "\n")] = 0;
    remove(source);
    return pclose(path) ? COMPILATION : 0;
}

int nvrtcGetProgramLogSize(Program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(Program *p, char *log) { strcpy(log, p->log); return 0; }
int nvrtcGetCUBINSize(Program *p, size_t *n) { *n = strlen(p->library) + 1; return 0; }
int nvrtcGetCUBIN(Program *p, char *to) { strcpy(to, p->library); return 0; }
