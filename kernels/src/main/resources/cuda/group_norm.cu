// y = (x - mean) / sqrt(variance + eps) * weight + bias, or y * sigmoid(y) if silu, for x [B, pixels, C] (NHWC) with mean and
// biased variance over all pixels and the C / groups channels of a group. Three kernels, one after the other:
//
// group_norm_channels: moments of each channel over a strip of pixels. Sums are of differences from the channel's first pixel of the
//   strip, so that a large mean loses no digits. Writes mean and squares as [B, strips, C] pairs. The threads of a block cover `columns`
//   runs of N neighbouring channels and blockDim.x / columns pixels at a time; grid (strips, tiles of columns, B).
// group_norm_groups: merges strips and channels into mean and 1/sqrt(variance + eps), [B, groups] pairs; one block for each.
// group_norm_apply: the same blocks and grid as the first; a thread keeps its channels' factors over all its pixels.
// group_norm_rounded_channels, _groups, _apply: the same, with the result in F8 and a scale for each sample, its largest magnitude over 448. The
//   first also writes the least and the largest value of each channel of a strip, the second the largest magnitude of each group.
//
// The gradients, for g of x's shape as the third operand and h = (x - mean) / sqrt(variance + eps), after the first two kernels:
// group_norm_grad_channels: sums of g and of g h of each channel over a strip of pixels, as [B, strips, C] pairs; blocks as above.
// group_norm_grad_groups: means of g w and g w h over each group, [B, groups] pairs; one block for each.
// group_norm_grad_x: (g w - mean(g w) - h mean(g w h)) / sqrt(variance + eps); blocks as above.
// group_norm_grad_weights: the sums of g h, followed by those of g, over samples and strips; one thread for each channel.

struct Pair { float first, second; };

const int APART = 256 + 4;

template <int N> DEVICE Pair* shared_pairs() {
    __shared__ Pair shared[APART * N];
    return shared;
}

// Joins the pairs of a block's pixels, in their order, and gives f those of each of its channels: f(channel, a, b). Pairs lie as
// [run element][thread]. Its 4 pairs between them keep both the writes and the reads, of N elements of 32 / N threads, free of bank conflicts.
template <int N, typename J, typename F>
DEVICE void join_pixels(const float (&a)[N], const float (&b)[N], int columns, int channels, J joined, F f) {
    Pair* shared = shared_pairs<N>();
#pragma unroll
    for (int i = 0; i < N; i++) shared[i * APART + threadIdx.x] = {a[i], b[i]};
    __syncthreads();
    int width = columns * N, first = blockIdx.y * width;
    for (int c = threadIdx.x; c < width && first + c < channels; c += blockDim.x) {
        const Pair* from = shared + c % N * APART + c / N;
        Pair all = from[0];
        for (int t = columns; t < (int)blockDim.x; t += columns) all = joined(all, from[t]);
        f(first + c, all.first, all.second);
    }
}

struct Sums { DEVICE Pair operator()(Pair a, Pair b) const { return {a.first + b.first, a.second + b.second}; } };
struct Extremes { DEVICE Pair operator()(Pair a, Pair b) const { return {fminf(a.first, b.first), fmaxf(a.second, b.second)}; } };

// Calls f(run of x, its place in y) for each of a thread's pixels. Four whole runs are loaded together.
template <int N, bool WHOLE, typename X, typename Y, typename F> DEVICE void each_pixel(const X* x, Y* y, int count, int pixels, int step, F f) {
    const int PIXELS = WHOLE ? 4 : 1;
    for (; pixels > 0; pixels -= PIXELS) {
        float v[PIXELS][N];
#pragma unroll
        for (int p = 0; p < PIXELS; p++) if (p < pixels) load_run<N, WHOLE>(x + (int64)p * step, count, v[p]);
#pragma unroll
        for (int p = 0; p < PIXELS; p++) if (p < pixels) f(v[p], y + (int64)p * step);
        x += (int64)PIXELS * step;
        y += (int64)PIXELS * step;
    }
}

// A thread's part of a block: `count` channels from `channel` on, and of the strip's pixels, [begin, end), those from `first` on that are
// `apart` from each other, `pixels` in all.
struct Part {
    int channel, count, apart, pixels;
    int64 begin, end, first;
    DEVICE Part(int runLength, int64 all, int64 strip, int channels, int columns) {
        int row = threadIdx.x / columns;
        apart = blockDim.x / columns;
        channel = (blockIdx.y * columns + threadIdx.x - row * columns) * runLength;
        count = min(runLength, channels - channel);
        begin = blockIdx.x * strip;
        end = min(begin + strip, all);
        first = begin + row;
        pixels = count > 0 && first < end ? (int)((unsigned int)(end - first + apart - 1) / apart) : 0;
    }
};

template <bool ROUND>
DEVICE void moments_of_channels(const T0* x, Pair* parts, Pair* extremes, int64 pixels, int64 strip, int channels, int columns) {
    const int N = Wide<T0>::N;
    Part part(N, pixels, strip, channels, columns);
    x += blockIdx.z * pixels * channels;
    const T0 *from = x + part.begin * channels, *mine = x + part.first * channels + part.channel;
    float base[N], sum[N] = {}, squares[N] = {}, least[N], most[N];
#pragma unroll
    for (int i = 0; i < N; i++) {
        least[i] = INFINITY;
        most[i] = -INFINITY;
    }
    auto add = [&](const float (&v)[N], const T0*) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            float d = v[i] - base[i];
            sum[i] += d;
            squares[i] += d * d;
            if (ROUND) {
                least[i] = fminf(least[i], v[i]);
                most[i] = fmaxf(most[i], v[i]);
            }
        }
    };
    if (part.pixels > 0) {
        load_run(from + part.channel, part.count, base);
        int step = part.apart * channels;
        if (channels % N == 0 && aligned<T0, N>(mine)) each_pixel<N, true>(mine, mine, N, part.pixels, step, add);
        else each_pixel<N, false>(mine, mine, part.count, part.pixels, step, add);
    }
    int64 at = ((int64)blockIdx.z * gridDim.x + blockIdx.x) * channels;
    Pair* to = parts + at;
    float count = 1.0f / (float)(part.end - part.begin);
    join_pixels(sum, squares, columns, channels, Sums(), [=](int channel, float all, float distances) {
        float d = all * count;
        to[channel] = {to_float(from[channel]) + d, fmaxf(distances - all * d, 0.0f)};
    });
    if (!ROUND) return;
    __syncthreads();
    to = extremes + at;
    join_pixels(least, most, columns, channels, Extremes(), [=](int channel, float least, float most) { to[channel] = {least, most}; });
}

KERNEL(256) group_norm_channels(const T0* x, Pair* parts, int64 pixels, int64 strip, int channels, int columns) {
    moments_of_channels<false>(x, parts, nullptr, pixels, strip, channels, columns);
}

KERNEL(256) group_norm_rounded_channels(const T0* x, Pair* parts, Pair* extremes, int64 pixels, int64 strip, int channels, int columns) {
    moments_of_channels<true>(x, parts, extremes, pixels, strip, channels, columns);
}

struct Seen { const Pair* extremes; const T1* weight; const T2* bias; F32* largest; int silu; };

// The mean first, as a difference from the first part's, then the squared distances from it: without a division for each part.
template <bool ROUND>
DEVICE void moments_of_groups(const Pair* parts, Pair* moments, int64 pixels, int64 strip, int strips, int channels, int groups, float eps,
                              Seen seen) {
    int width = channels / groups, group = blockIdx.x % groups, b = blockIdx.x / groups;
    __shared__ float scratch[8];
    int64 at = (int64)b * strips * channels + group * width;
    parts += at;
    int across = min(width, 256), down = 256 / across, row = threadIdx.x / across, column = threadIdx.x - row * across;
    float base = parts->first, whole = (float)strip, last = (float)(pixels - (strips - 1) * strip), sum = 0, squares = 0;
    for (int c = column; c < width && row < down; c += across) {
#pragma unroll 4
        for (int s = row; s < strips; s += down) sum += (s == strips - 1 ? last : whole) * (parts[(int64)s * channels + c].first - base);
    }
    float count = (float)pixels * width, mean = base + block_sum(sum, scratch) / count;
    for (int c = column; c < width && row < down; c += across) {
#pragma unroll 4
        for (int s = row; s < strips; s += down) {
            Pair p = parts[(int64)s * channels + c];
            float d = p.first - mean;
            squares += p.second + (s == strips - 1 ? last : whole) * d * d;
        }
    }
    float scale = 1.0f / sqrtf(block_sum(squares, scratch) / count + eps);
    if (threadIdx.x == 0) moments[blockIdx.x] = {mean, scale};
    if (!ROUND) return;
    float largest = 0;
    for (int c = column; c < width && row < down; c += across) {
        float w = scale * to_float(seen.weight[group * width + c]), shift = to_float(seen.bias[group * width + c]);
        for (int s = row; s < strips; s += down) {
            Pair p = seen.extremes[at + (int64)s * channels + c];
            float low = (p.first - mean) * w + shift, high = (p.second - mean) * w + shift, most = fmaxf(low, high);
            largest = fmaxf(largest, seen.silu ? most * sigmoid(most) : fmaxf(fabsf(low), fabsf(high)));
        }
    }
    largest = block_max(largest, scratch);
    if (threadIdx.x == 0) seen.largest[blockIdx.x].value = largest;
}

KERNEL(256) group_norm_groups(const Pair* parts, Pair* moments, int64 pixels, int64 strip, int strips, int channels, int groups, float eps) {
    moments_of_groups<false>(parts, moments, pixels, strip, strips, channels, groups, eps, Seen());
}

KERNEL(256) group_norm_rounded_groups(const Pair* parts, Pair* moments, int64 pixels, int64 strip, int strips, int channels, int groups, float eps,
                                      const Pair* extremes, const T1* weight, const T2* bias, F32* largest, int silu) {
    moments_of_groups<true>(parts, moments, pixels, strip, strips, channels, groups, eps, {extremes, weight, bias, largest, silu});
}

template <bool ROUND> DEVICE void apply(const T0* x, const T1* weight, const T2* bias, const Pair* moments, TO* y, int64 pixels, int64 strip,
                                        int channels, int groups, int columns, int silu, const F32* largest, F32* scales) {
    const int N = Wide<T0>::N;
    Part part(N, pixels, strip, channels, columns);
    if (part.pixels == 0) return;
    int width = channels / groups;
    float mean[N], scale[N], shift[N];
    load_run(weight + part.channel, part.count, scale);
    load_run(bias + part.channel, part.count, shift);
#pragma unroll
    for (int i = 0; i < N; i++) {
        Pair m = moments[blockIdx.z * groups + min(part.channel + i, channels - 1) / width];
        mean[i] = m.first;
        scale[i] *= m.second;
    }
    float factor = 1;
    if (ROUND) {
        float most = silu ? 0.27846454f : 0.0f; // SiLU goes no lower than the negative of this
        for (int g = 0; g < groups; g++) most = fmaxf(most, largest[blockIdx.z * groups + g].value);
        factor = most > 0.0f ? 448.0f / most : 0.0f;
        if (blockIdx.x + blockIdx.y + threadIdx.x == 0) scales[blockIdx.z].value = most / 448.0f;
    }
    int64 at = (blockIdx.z * pixels + part.first) * channels + part.channel;
    int step = part.apart * channels;
    x += at;
    y += at;
    auto norm = [&](float (&v)[N]) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            v[i] = (v[i] - mean[i]) * scale[i] + shift[i];
            if (silu) v[i] *= sigmoid(v[i]);
            if (ROUND) v[i] *= factor;
        }
    };
    if (channels % N == 0 && aligned<T0, N>(x) && aligned<TO, N>(y)) {
        each_pixel<N, true>(x, y, N, part.pixels, step, [&](float (&v)[N], TO* to) {
            norm(v);
            store_run<N, true>(to, N, v);
        });
    } else {
        each_pixel<N, false>(x, y, part.count, part.pixels, step, [&](float (&v)[N], TO* to) {
            norm(v);
            store_run(to, part.count, v);
        });
    }
}

KERNEL(256) group_norm_apply(const T0* x, const T1* weight, const T2* bias, const Pair* moments, TO* y,
                             int64 pixels, int64 strip, int channels, int groups, int columns, int silu) {
    apply<false>(x, weight, bias, moments, y, pixels, strip, channels, groups, columns, silu, nullptr, nullptr);
}

KERNEL(256) group_norm_rounded_apply(const T0* x, const T1* weight, const T2* bias, const Pair* moments, TO* y, int64 pixels, int64 strip,
                                     int channels, int groups, int columns, int silu, const F32* largest, F32* scales) {
    apply<true>(x, weight, bias, moments, y, pixels, strip, channels, groups, columns, silu, largest, scales);
}

KERNEL(256) group_norm_grad_channels(const T0* x, const T2* g, const Pair* moments, Pair* parts, int64 pixels, int64 strip, int channels,
                                     int groups, int columns) {
    const int N = Wide<T0>::N;
    Part part(N, pixels, strip, channels, columns);
    int width = channels / groups;
    int64 base = blockIdx.z * pixels * channels + part.channel;
    float mean[N], scale[N], v[N], d[N], sum[N] = {}, dot[N] = {};
    if (part.count > 0) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            Pair m = moments[blockIdx.z * groups + min(part.channel + i, channels - 1) / width];
            mean[i] = m.first;
            scale[i] = m.second;
        }
        for (int64 p = part.first; p < part.end; p += part.apart) {
            load_run(x + base + p * channels, part.count, v);
            load_run(g + base + p * channels, part.count, d);
#pragma unroll
            for (int i = 0; i < N; i++) {
                sum[i] += d[i];
                dot[i] += d[i] * (v[i] - mean[i]) * scale[i];
            }
        }
    }
    Pair* to = parts + ((int64)blockIdx.z * gridDim.x + blockIdx.x) * channels;
    join_pixels(sum, dot, columns, channels, Sums(), [=](int channel, float sum, float dot) { to[channel] = {sum, dot}; });
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
    Part part(N, pixels, strip, channels, columns);
    if (part.count <= 0) return;
    int n = part.count, channel = part.channel, width = channels / groups;
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
    int64 base = blockIdx.z * pixels * channels + channel;
    for (int64 p = part.first; p < part.end; p += part.apart) {
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
