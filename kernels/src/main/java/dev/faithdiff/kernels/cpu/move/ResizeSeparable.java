package dev.faithdiff.kernels.cpu.move;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.ResizeOp;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Resizing by weighted sums. For each row of the result, rows of the map are summed to one row, and its pixels are summed to those of the result.
 *
 * <p>Pixels narrower than a vector are read and written as whole vectors; the next pixel overwrites what is written beyond a pixel.
 */
public final class ResizeSeparable implements Kernel<ResizeOp> {
    private static final ThreadLocal<float[][]> ROWS = ThreadLocal.withInitial(() -> new float[2][0]);

    @Override public Class<ResizeOp> op() { return ResizeOp.class; }

    @Override public String refuses(ResizeOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(ResizeOp op, Tensor[] in, Tensor out) {
        run(op.axis(in[0].size(1), op.height()), op.axis(in[0].size(2), op.width()), in[0], out);
    }

    static void run(ResizeOp.Axis down, ResizeOp.Axis across, Tensor x, Tensor out) {
        int height = out.size(1);
        int channels = out.size(3);
        int wide = x.size(2) * channels;
        int result = out.size(2) * channels;
        float[] rowWeights = floats(down.weights()), weights = floats(across.weights());
        Chunks.rows((long) out.size(0) * height, (long) wide * down.taps() + (long) result * across.taps(), (first, rows) -> {
            float[] row = row(0, wide), to = row(1, result);
            for (long r = first; r < first + rows; r++) {
                int y = (int) (r % height);
                long from = x.address() + 4 * (r / height * x.size(1) + down.first()[y]) * wide;
                rows(from, 4L * wide, down.taps(), rowWeights, y * down.taps(), wide, row);
                pixels(row, across, weights, channels, to);
                MemorySegment.copy(to, 0, Vec.MEMORY, Vec.FLOAT, out.address() + 4 * r * result, result);
            }
        });
    }

    /** One of the thread's two row buffers, with a vector's length beyond the end. */
    private static float[] row(int number, int floats) {
        float[][] rows = ROWS.get();
        if (rows[number].length < floats + LANES) rows[number] = new float[floats + LANES];
        return rows[number];
    }

    private static float[] floats(double[] exact) {
        float[] f = new float[exact.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) exact[i];
        return f;
    }

    /** to = the weighted sum of rows {@code line} bytes apart. */
    private static void rows(long from, long line, int taps, float[] weights, int at, int n, float[] to) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector sum = Vec.load(from + 4L * i).mul(weights[at]);
            for (int t = 1; t < taps; t++) sum = Vec.load(from + t * line + 4L * i).fma(FloatVector.broadcast(F, weights[at + t]), sum);
            sum.intoArray(to, i);
        }
        for (; i < n; i++) {
            float sum = Vec.get(from + 4L * i) * weights[at];
            for (int t = 1; t < taps; t++) sum = Math.fma(Vec.get(from + t * line + 4L * i), weights[at + t], sum);
            to[i] = sum;
        }
    }

    private static void pixels(float[] row, ResizeOp.Axis across, float[] weights, int channels, float[] to) {
        for (int o = 0; o < across.outputs(); o++) {
            pixel(row, across.first()[o] * channels, channels, across.taps(), weights, o * across.taps(), to, o * channels);
        }
    }

    private static void pixel(float[] row, int from, int channels, int taps, float[] weights, int at, float[] to, int out) {
        for (int c = 0; c < channels; c += LANES) {
            FloatVector sum = FloatVector.fromArray(F, row, from + c).mul(weights[at]);
            for (int t = 1; t < taps; t++) {
                sum = FloatVector.fromArray(F, row, from + t * channels + c).fma(FloatVector.broadcast(F, weights[at + t]), sum);
            }
            sum.intoArray(to, out + c);
        }
    }
}
