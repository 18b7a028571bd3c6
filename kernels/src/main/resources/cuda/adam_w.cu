// One step of AdamW, elementwise, as AdamWOp defines it; the moments are m [n] followed by v [n], in float. Both kernels run in place.
// One thread for each run of 4 elements.

KERNEL(256) adam_w_moments(const F32* moments, const T1* g, F32* to, int64 n, float beta1, float rest1, float beta2, float rest2, float scale) {
    int64 at = global_thread() * 4;
    if (at >= n) return;
    int count = (int)min((int64)4, n - at);
    float m[4], v[4], d[4];
    load_run(moments + at, count, m);
    load_run(moments + n + at, count, v);
    load_run(g + at, count, d);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float s = scale * d[i];
        m[i] = m[i] * beta1 + rest1 * s;
        v[i] = v[i] * beta2 + rest2 * s * s;
    }
    store_run(to + at, count, m);
    store_run(to + n + at, count, v);
}

KERNEL(256) adam_w(const T0* p, const F32* moments, TO* to, int64 n, float keep, float rate, float correction, float epsilon) {
    int64 at = global_thread() * 4;
    if (at >= n) return;
    int count = (int)min((int64)4, n - at);
    float x[4], m[4], v[4];
    load_run(p + at, count, x);
    load_run(moments + at, count, m);
    load_run(moments + n + at, count, v);
#pragma unroll
    for (int i = 0; i < 4; i++) x[i] = x[i] * keep - rate * m[i] / (sqrtf(v[i] / correction) + epsilon);
    store_run(to + at, count, x);
}
