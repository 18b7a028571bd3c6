// y = (x - mean) / sqrt(variance + eps) * weight + bias, or y * sigmoid(y) if silu, for x [B, pixels, C] (NHWC) with mean and
// biased variance over all pixels and the C / groups channels of a group. Three kernels, one after the other:
//
// group_norm_channels: moments of each channel over a strip of pixels. Sums are of differences from the channel's first pixel of the
//   strip, so that a large mean loses no digits. Writes mean and squares as [B, strips, C] pairs. The threads of a block cover `columns`
//   runs of N neighbouring channels and blockDim.x / columns pixels at a time; grid (strips, tiles of columns, B).
// group_norm_groups: merges strips and channels into mean and 1/sqrt(variance + eps), [B, groups] pairs; one block for each.
// group_norm_apply: the same blocks and grid as the first; a thread keeps its channels' factors over all its pixels.
//
// The gradients, for g of x's shape as the third operand and h = (x - mean) / sqrt(variance + eps), after the first two kernels:
// group_norm_grad_channels: sums of g and of g h of each channel over a strip of pixels, as [B, strips, C] pairs; blocks as above.
// group_norm_grad_groups: means of g w and g w h over each group, [B, groups] pairs; one block for each.
// group_norm_grad_x: (g w - mean(g w) - h mean(g w h)) / sqrt(variance + eps); blocks as above.
// group_norm_grad_weights: the sums of g h, followed by those of g, over samples and strips; one thread for each channel.

struct Pair { float first, second; };

// Adds up the sums of a block's pixels for each channel. The threads of its first pixel get the sums, and only there the result is true.
template <int N> DEVICE bool join_pixels(float (&a)[N], float (&b)[N], Pair* shared, int n, int columns) {
    int rows = blockDim.x / columns;
#pragma unroll
    for (int i = 0; i < N; i++) shared[threadIdx.x * N + i] = {a[i], b[i]};
    __syncthreads();
    if ((int)threadIdx.x >= columns || n <= 0) return false;
#pragma unroll
    for (int i = 0; i < N; i++) {
        for (int r = 1; r < rows; r++) {
            Pair p = shared[(r * columns + threadIdx.x) * N + i];
            a[i] += p.first;
            b[i] += p.second;
        }
    }
    return true;
}

KERNEL(256) group_norm_channels(const T0* x, Pair* parts, int64 pixels, int64 strip, int channels, int columns) {
    const int N = Wide<T0>::N;
    __shared__ Pair shared[256 * N];
    int column = threadIdx.x % columns, row = threadIdx.x / columns, rows = blockDim.x / columns;
    int channel = (blockIdx.y * columns + column) * N, n = min(N, channels - channel);
    int64 first = blockIdx.x * strip, last = min(first + strip, pixels);
    const T0* from = x + blockIdx.z * pixels * channels + channel;
    float base[N], v[N], sum[N] = {}, squares[N] = {};
    if (n > 0) {
        load_run(from + first * channels, n, base);
        for (int64 p = first + row; p < last; p += rows) {
            load_run(from + p * channels, n, v);
#pragma unroll
            for (int i = 0; i < N; i++) {
                float d = v[i] - base[i];
                sum[i] += d;
                squares[i] += d * d;
            }
        }
    }
    if (!join_pixels(sum, squares, shared, n, columns)) return;
    Pair* to = parts + ((int64)blockIdx.z * gridDim.x + blockIdx.x) * channels + channel;
#pragma unroll
    for (int i = 0; i < N; i++) {
        if (i >= n) break;
        float d = sum[i] / (float)(last - first);
        to[i] = {base[i] + d, fmaxf(squares[i] - sum[i] * d, 0.0f)};
    }
}

KERNEL(256) group_norm_groups(const Pair* parts, Pair* moments, int64 pixels, int64 strip, int strips, int channels, int groups, float eps) {
    int width = channels / groups, group = blockIdx.x % groups, b = blockIdx.x / groups;
    __shared__ Moments shared[8];
    Moments m = {0, 0, 0};
    for (int i = threadIdx.x; i < strips * width; i += 256) {
        int s = i / width;
        Pair p = parts[((int64)b * strips + s) * channels + group * width + i % width];
        Moments other = {(float)min(strip, pixels - s * strip), p.first, p.second};
        m = join(m, other);
    }
    m = warp_join(m);
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = m;
    __syncthreads();
    if (threadIdx.x >= 32) return;
    m = warp_join(shared[threadIdx.x % 8]);    // each warp's moments four times, which changes neither mean nor variance
    if (threadIdx.x == 0) moments[blockIdx.x] = {m.mean, 1.0f / sqrtf(m.squares / m.count + eps)};
}

KERNEL(256) group_norm_apply(const T0* x, const T1* weight, const T2* bias, const Pair* moments, TO* y,
                             int64 pixels, int64 strip, int channels, int groups, int columns, int silu) {
    const int N = Wide<T0>::N;
    int column = threadIdx.x % columns, row = threadIdx.x / columns, rows = blockDim.x / columns;
    int channel = (blockIdx.y * columns + column) * N, n = min(N, channels - channel), width = channels / groups;
    if (n <= 0) return;
    float mean[N], scale[N], shift[N], v[N];
    load_run(weight + channel, n, scale);
    load_run(bias + channel, n, shift);
#pragma unroll
    for (int i = 0; i < N; i++) {
        Pair m = moments[blockIdx.z * groups + min(channel + i, channels - 1) / width];
        mean[i] = m.first;
        scale[i] *= m.second;
    }
    int64 first = blockIdx.x * strip, last = min(first + strip, pixels), base = blockIdx.z * pixels * channels + channel;
    for (int64 p = first + row; p < last; p += rows) {
        load_run(x + base + p * channels, n, v);
#pragma unroll
        for (int i = 0; i < N; i++) {
            v[i] = (v[i] - mean[i]) * scale[i] + shift[i];
            if (silu) v[i] *= sigmoid(v[i]);
        }
        store_run(y + base + p * channels, n, v);
    }
}

KERNEL(256) group_norm_grad_channels(const T0* x, const T2* g, const Pair* moments, Pair* parts, int64 pixels, int64 strip, int channels,
                                     int groups, int columns) {
    const int N = Wide<T0>::N;
    __shared__ Pair shared[256 * N];
    int column = threadIdx.x % columns, row = threadIdx.x / columns, rows = blockDim.x / columns;
    int channel = (blockIdx.y * columns + column) * N, n = min(N, channels - channel), width = channels / groups;
    int64 first = blockIdx.x * strip, last = min(first + strip, pixels), base = blockIdx.z * pixels * channels + channel;
    float mean[N], scale[N], v[N], d[N], sum[N] = {}, dot[N] = {};
    if (n > 0) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            Pair m = moments[blockIdx.z * groups + min(channel + i, channels - 1) / width];
            mean[i] = m.first;
            scale[i] = m.second;
        }
        for (int64 p = first + row; p < last; p += rows) {
            load_run(x + base + p * channels, n, v);
            load_run(g + base + p * channels, n, d);
#pragma unroll
            for (int i = 0; i < N; i++) {
                sum[i] += d[i];
                dot[i] += d[i] * (v[i] - mean[i]) * scale[i];
            }
        }
    }
    if (!join_pixels(sum, dot, shared, n, columns)) return;
    Pair* to = parts + ((int64)blockIdx.z * gridDim.x + blockIdx.x) * channels + channel;
#pragma unroll
    for (int i = 0; i < N; i++) {
        if (i >= n) break;
        to[i] = {sum[i], dot[i]};
    }
}

KERNEL(256) group_norm_grad_groups(const Pair* parts, const T1* weight, Pair* means, int64 pixels, int strips, int channels, int groups) {
    int width = channels / groups, group = blockIdx.x % groups, b = blockIdx.x / groups;
    __shared__ float scratch[8];
    float sum = 0, dot = 0;
    for (int i = threadIdx.x; i < strips * width; i += 256) {
        int channel = group * width + i % width;
        Pair p = parts[((int64)b * strips + i / width) * channels + channel];
        float w = to_float(weight[channel]);
        sum += w * p.first;
        dot += w * p.second;
    }
    float count = (float)pixels * width;
    sum = block_sum(sum, scratch) / count;
    dot = block_sum(dot, scratch) / count;
    if (threadIdx.x == 0) means[blockIdx.x] = {sum, dot};
}

KERNEL(256) group_norm_grad_x(const T0* x, const T1* weight, const T2* g, const Pair* moments, const Pair* means, TO* y,
                              int64 pixels, int64 strip, int channels, int groups, int columns) {
    const int N = Wide<T0>::N;
    int column = threadIdx.x % columns, row = threadIdx.x / columns, rows = blockDim.x / columns;
    int channel = (blockIdx.y * columns + column) * N, n = min(N, channels - channel), width = channels / groups;
    if (n <= 0) return;
    float mean[N], scale[N], w[N], sum[N], dot[N], v[N], d[N];
    load_run(weight + channel, n, w);
#pragma unroll
    for (int i = 0; i < N; i++) {
        int group = blockIdx.z * groups + min(channel + i, channels - 1) / width;
        mean[i] = moments[group].first;
        scale[i] = moments[group].second;
        sum[i] = means[group].first;
        dot[i] = means[group].second;
    }
    int64 first = blockIdx.x * strip, last = min(first + strip, pixels), base = blockIdx.z * pixels * channels + channel;
    for (int64 p = first + row; p < last; p += rows) {
        load_run(x + base + p * channels, n, v);
        load_run(g + base + p * channels, n, d);
#pragma unroll
        for (int i = 0; i < N; i++) v[i] = scale[i] * (d[i] * w[i] - sum[i] - (v[i] - mean[i]) * scale[i] * dot[i]);
        store_run(y + base + p * channels, n, v);
    }
}

KERNEL(256) group_norm_grad_weights(const Pair* parts, TO* y, int64 strips, int channels) {
    int channel = (int)global_thread();
    if (channel >= channels) return;
    float sum = 0, dot = 0;
    for (int64 s = 0; s < strips; s++) {
        sum += parts[s * channels + channel].first;
        dot += parts[s * channels + channel].second;
    }
    store(y + channel, dot);
    store(y + channels + channel, sum);
}
