/* Elements of F32 (type 0), F16 (2), F8_E4M3 (12, only read) and BF16 (14 for cuBLAS, 9 for cuDNN) as floats. Narrowing rounds to nearest, ties to even. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT = 0, HALF = 2, E4M3 = 12 };

static int size_of(int type) { return type == FLOAT ? 4 : type == E4M3 ? 1 : 2; }

static float from_bits(unsigned int u) {
    float f;
    memcpy(&f, &u, 4);
    return f;
}

static float load(const void *p, long i, int type) {
    if (type == FLOAT) return ((const float *)p)[i];
    if (type == E4M3) {
        int b = ((const unsigned char *)p)[i], e = b >> 3 & 15, m = b & 7;
        float v = (b & 127) == 127 ? NAN : e == 0 ? ldexpf(m, -9) : ldexpf(8 + m, e - 10);
        return b >> 7 ? -v : v;
    }
    unsigned short h = ((const unsigned short *)p)[i];
    if (type != HALF) return from_bits((unsigned int)h << 16);
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float a = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent == 0 ? ldexpf(mantissa, -24) : ldexpf(1024 + mantissa, exponent - 25);
    return h >> 15 ? -a : a;
}

/* Elements as floats, to be freed. */
static float *widened(const void *p, long count, int type) {
    float *f = malloc(count * sizeof(float) + 1);
    for (long i = 0; i < count; i++) f[i] = load(p, i, type);
    return f;
}

static void store(void *p, long i, int type, float v) {
    if (type == FLOAT) { ((float *)p)[i] = v; return; }
    unsigned int u;
    memcpy(&u, &v, 4);
    unsigned short h;
    if (type != HALF) {
        h = v != v ? 0x7fc0 : (u + 0x7fff + (u >> 16 & 1)) >> 16;
    } else {
        float a = fabsf(v);
        int e = 0;
        if (a != a) h = 0x7e00;
        else if (a >= 65520) h = 0x7c00;
        else if (a < 0x1p-14f) h = (unsigned short)nearbyintf(ldexpf(a, 24));
        else {
            frexpf(a, &e);
            int mantissa = nearbyintf(ldexpf(a, 11 - e)); /* 1024 .. 2048 */
            h = (unsigned short)((e + 14) * 1024 + mantissa - 1024);
        }
        h |= u >> 16 & 0x8000;
    }
    ((unsigned short *)p)[i] = h;
}
