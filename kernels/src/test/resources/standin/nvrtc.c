/* A stand-in for NVRTC: g++ builds a source for the host between the two parts of emulate.h, and the "cubin" is the path of the library. With
 * CUDA_STANDIN_UNCOMPILED every source has an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER getenv("CUDA_STANDIN_FOLDER")
typedef struct { char *source, library[4096], log[4096]; } Program;
enum { COMPILATION = 6 };

int nvrtcVersion(int *major, int *minor) { *major = CUDA; *minor = 6; return 0; }
const char *nvrtcGetErrorString(int code) { return code == COMPILATION ? "NVRTC_ERROR_COMPILATION" : "an error"; }

int nvrtcCreateProgram(Program **p, const char *source, const char *name, int headers, const char *const *texts, const char *const *names) {
    *p = calloc(1, sizeof(Program));
    (*p)->source = strdup(source);
    return 0;
}
int nvrtcDestroyProgram(Program **p) { free((*p)->source); free(*p); return 0; }

static void include(FILE *to, const char *name) {
    fprintf(to, "#include \"%s/%s\"\n", FOLDER, name);
}

/* Each kernel's function is called by its name behind emulate_: KERNEL(256) name(...), or KERNEL_OF_SOME_KIND(name, ...). */
static void entries(FILE *to, const char *source) {
    for (const char *at = source; (at = strstr(at, "\nKERNEL")); at++) {
        const char *name = at[7] == '(' ? strchr(at, ')') + 2 : strchr(at, '(') + 1;
        fprintf(to, "EMULATE(%.*s)\n", (int)strcspn(name, "(,"), name);
    }
}

int nvrtcCompileProgram(Program *p, int count, const char *const *options) {
    if (getenv("CUDA_STANDIN_UNCOMPILED")) { strcpy(p->log, "x.cu(1): error: this one\nnever compiles"); return COMPILATION; }
    char cpp[2048], command[8192];
    snprintf(cpp, sizeof cpp, "%s/kernelXXXXXX.cpp", FOLDER);
    FILE *f = fdopen(mkstemps(cpp, 4), "w");
    const char *behind_prelude = strstr(p->source, "\n#line 1 \"");
    include(f, "emulate.h");
    fwrite(p->source, 1, behind_prelude - p->source, f);
    fputc('\n', f);
    include(f, "emulate_end.h");
    fputs(behind_prelude, f);
    fputc('\n', f);
    entries(f, p->source);
    fclose(f);
    snprintf(p->library, sizeof p->library, "%.*s.so", (int)strlen(cpp) - 4, cpp);
    int n = snprintf(command, sizeof command, "g++ -std=c++17 -O1 -w -fPIC -shared -DEMULATED -o %s %s", p->library, cpp);
    for (int i = 0; i < count; i++) if (strncmp(options[i], "-D", 2) == 0) n += snprintf(command + n, sizeof command - n, " %s", options[i]);
    return system(command) ? COMPILATION : 0;
}

int nvrtcGetProgramLogSize(Program *p, size_t *n) { *n = strlen(p->log) + 1; return 0; }
int nvrtcGetProgramLog(Program *p, char *log) { strcpy(log, p->log); return 0; }
int nvrtcGetCUBINSize(Program *p, size_t *n) { *n = strlen(p->library) + 1; return 0; }
int nvrtcGetCUBIN(Program *p, char *to) { strcpy(to, p->library); return 0; }
