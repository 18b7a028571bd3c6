package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Gemm;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import dev.faithdiff.tensor.DType;
import java.util.Arrays;

/**
 * Convolution as an implicit matrix product: the left operand is never stored as a whole, and each task gathers the pixels under the kernel for its
 * own block of output pixels.
 *
 * <p>Maps are NHWC and weights [O, kh, kw, I], so one row of the kernel covers kw*I neighbouring floats of the map: a gathered row
 * is kh clipped copies.
 */
public final class Conv {
    /** Sizes of a convolution: batch, input map, input and output channels, kernel, stride, and zero padding on each side. */
    public record Size(int batch, int height, int width, int in, int out, int kh, int kw, int stride,
            int top, int left, int bottom, int right) {
        /** Rows of the result. */
        public int outHeight() { return (height + top + bottom - kh) / stride + 1; }

        /** Columns of the result. */
        public int outWidth() { return (width + left + right - kw) / stride + 1; }

        /** Output pixels of the batch, which are the rows of the product. */
        public int pixels() { return batch * outHeight() * outWidth(); }

        /** Products of one output value, which are the columns of the weight. */
        public int depth() { return kh * kw * in; }

        /** The transposed convolution for stride 1: from outputs to inputs, with the kernel flipped. */
        Size back() {
            return new Size(batch, outHeight(), outWidth(), out, in, kh, kw, 1, kh - 1 - top, kw - 1 - left, kh - 1 - bottom, kw - 1 - right);
        }

        /** The same with other output channels. */
        Size to(int channels) { return new Size(batch, height, width, in, channels, kh, kw, stride, top, left, bottom, right); }

        boolean pointwise() { return kh == 1 && kw == 1 && stride == 1 && top == 0 && left == 0 && bottom == 0 && right == 0; }
    }

    private Conv() {}

    /**
     * y = x * w (+ bias), or y += ...
     *
     * @param x F32 [batch*height*width, in], dense
     * @param w of a floating type, [out, kh*kw*in]
     * @param bias of a floating type [1, out], or null
     * @param y F32 [pixels, out]
     */
    public static void run(Size size, Matrix x, Matrix w, Matrix bias, Matrix y, boolean accumulate) {
        check(size, x, w.rows(), w.columns(), y);
        Gemm.multiply(rows(size, x), w, bias, y, accumulate);
    }

    /** The same with a packed weight. */
    public static void run(Size size, Matrix x, PackedB w, Matrix bias, Matrix y, boolean accumulate) {
        check(size, x, w.n(), w.k(), y);
        Gemm.multiply(rows(size, x), w, bias, y, accumulate);
    }

    /** The pixels under the kernel as a matrix, with a row of {@link Size#depth} numbers for each output pixel. */
    static Rows rows(Size s, Matrix x) {
        if (s.pointwise()) return Rows.of(x);
        int width = s.outWidth(), height = s.outHeight(), run = s.kw * s.in;
        return (row, rows, k, depth, to) -> {
            int ox = row % width, oy = row / width % height, image = row / width / height;
            for (int r = 0; r < rows; r++) {
                long from = x.at(image * s.height * s.width, 0);
                gather(s, from, oy * s.stride - s.top, ox * s.stride - s.left, k / run, k % run, depth, to, r * STRIDE);
                if (++ox < width) continue;
                ox = 0;
                if (++oy < height) continue;
                oy = 0;
                image++;
            }
        };
    }

    /** Some columns of a gathered row: pixels of an image under the kernel at (y, x), from its row {@code ky} and its column {@code first} on. */
    private static void gather(Size s, long image, int y, int x, int ky, int first, int depth, float[] to, int at) {
        int line = s.width * s.in;
        for (int end = at + depth; at < end; ky++, first = 0) {
            int length = Math.min(end - at, s.kw * s.in - first), from = x * s.in + first;
            boolean inside = y + ky >= 0 && y + ky < s.height;
            if (inside && from >= 0 && from + length <= line) copy(image + 4 * ((long) (y + ky) * line + from), length, to, at);
            else copyClipped(image + 4L * (y + ky) * line, inside ? line : 0, from, length, to, at);
            at += length;
        }
    }

    /** {@code length} floats from index {@code from} of a line, zeros where the index is not in 0..size-1. */
    private static void copyClipped(long line, int size, int from, int length, float[] to, int at) {
        int before = Math.clamp(-from, 0, length);
        int inside = Math.clamp(size - from, before, length);
        Arrays.fill(to, at, at + before, 0);
        copy(line + 4L * (from + before), inside - before, to, at + before);
        Arrays.fill(to, at + inside, at + length, 0);
    }

    /** Whole vectors, of which the last may overlap the one before. */
    private static void copy(long from, int length, float[] to, int at) {
        int i = 0;
        for (; i <= length - LANES; i += LANES) Vec.load(from + 4L * i).intoArray(to, at + i);
        if (i == length) return;
        if (length > LANES) Vec.load(from + 4L * (length - LANES)).intoArray(to, at + length - LANES);
        else for (; i < length; i++) to[at + i] = Vec.get(from + 4L * i);
    }

    private static void check(Size s, Matrix x, int out, int depth, Matrix y) {
        boolean fits = x.dtype() == DType.F32 && x.rows() == s.batch * s.height * s.width && x.columns() == s.in && x.stride() == s.in
                && y.dtype() == DType.F32 && y.rows() == s.pixels() && y.columns() == s.out && out == s.out && depth == s.depth();
        if (!fits) throw new IllegalArgumentException(s + " on " + x + ", weight [" + out + ", " + depth + "], into " + y);
    }
}
