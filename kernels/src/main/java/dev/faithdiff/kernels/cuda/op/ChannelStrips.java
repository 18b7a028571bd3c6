package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.Function;

/**
 * How x {@code [B, pixels, C]} is divided among the blocks of group_norm.cu and of the rows of binary.cu: {@code strips} of pixels by {@code tiles}
 * of channels by samples. The threads of a block cover {@code columns} runs of channels and {@code rows} pixels at a time.
 */
record ChannelStrips(int batch, int channels, long pixels, int tiles, int columns, int rows, long strip, int strips) {
    /** Two for each multiprocessor of an H200, which holds so many at once: no second wave is left half empty, and there are few sums to join. */
    private static final int BLOCKS = 264;
    private static final int THREADS = 256, COLUMNS = 64, PIXELS = 4;

    static ChannelStrips of(Tensor x) {
        int batch = x.size(0), channels = x.size(-1);
        return of(x.dtype(), batch, x.count() / batch / channels, channels);
    }

    static ChannelStrips of(DType type, int batch, long pixels, int channels) {
        long runs = Grid.runs(channels, type);
        int tiles = (int) Grid.ceil(runs, COLUMNS);
        int columns = (int) Grid.ceil(runs, tiles);
        int rows = THREADS / columns;
        long most = Math.max(1, BLOCKS / ((long) batch * tiles)), strip = Math.max((long) PIXELS * rows, Grid.ceil(pixels, most));
        return new ChannelStrips(batch, channels, pixels, tiles, columns, rows, strip, (int) Grid.ceil(pixels, strip));
    }

    Launch over(Launch launch) { return launch.grid(strips, tiles, batch).block(columns * rows); }

    /** An uninitialized tensor of two floats for each strip of each channel, in the current scope. */
    Tensor parts(Tensor x) { return Tensor.empty(x.device(), DType.F32, Shape.of(batch, strips, channels, 2)); }

    /** An uninitialized tensor of two floats for each group of each sample, in the current scope. */
    Tensor pairs(Tensor x, int groups) { return Tensor.empty(x.device(), DType.F32, Shape.of(batch, groups, 2)); }

    /** Means and 1/sqrt(variance + eps) of all groups, {@code [B, groups, 2]} in the current scope. @param launch makes launches of group_norm.cu */
    Tensor moments(Function<String, Launch> launch, Tensor x, int groups, float eps) {
        Tensor parts = parts(x), moments = pairs(x, groups);
        over(launch.apply("group_norm_channels")).arg(x).arg(parts).arg(pixels).arg(strip).arg(channels).arg(columns).run();
        launch.apply("group_norm_groups").grid((long) batch * groups)
                .arg(parts).arg(moments).arg(pixels).arg(strip).arg(strips).arg(channels).arg(groups).arg(eps).run();
        return moments;
    }
}
