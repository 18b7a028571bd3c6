package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.Gemm;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.PanelLoops;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

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

    private static final MemorySegment ZEROS = Arena.global().allocate(4L * Panels.DEPTH, 64);

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
        run(Factors.F32, size, x, w, bias, y, accumulate);
    }

    /** The same with pixels and weight held in another form. */
    static void run(Factors f, Size size, Matrix x, Matrix w, Matrix bias, Matrix y, boolean accumulate) {
        check(size, x, w.rows(), w.columns(), y);
        Gemm.multiply(f, rows(size, x), w, bias, y, accumulate);
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
            Runs runs = Runs.OWN.get();
            int ox = row % width, oy = row / width % height, image = row / width / height;
            for (int r = 0; r < rows; r++) {
                long from = x.at(image * s.height * s.width, 0);
                gather(s, from, oy * s.stride - s.top, ox * s.stride - s.left, k / run, k % run, depth, r * STRIDE, runs, to);
                if (++ox < width) continue;
                ox = 0;
                if (++oy < height) continue;
                oy = 0;
                image++;
            }
            runs.copy(to);
        };
    }

    /** Some columns of a gathered row: pixels of an image under the kernel at (y, x), from its row {@code ky} and its column {@code first} on. */
    private static void gather(Size s, long image, int y, int x, int ky, int first, int depth, int at, Runs runs, float[] to) {
        int line = s.width * s.in;
        for (int end = at + depth; at < end; ky++, first = 0) {
            int length = Math.min(end - at, s.kw * s.in - first), from = x * s.in + first;
            int size = y + ky >= 0 && y + ky < s.height ? line : 0;
            int before = Math.clamp(-from, 0, length), inside = Math.clamp(size - from, before, length); // zeros beyond the image's edges
            runs.add(ZEROS.address(), at, before, to);
            runs.add(image + 4 * ((long) (y + ky) * line + from + before), at + before, inside - before, to);
            runs.add(ZEROS.address(), at + inside, length - inside, to);
            at += length;
        }
    }

    /** Runs of floats to be copied together. */
    private record Runs(MemorySegment list, int[] count) {
        private static final int MOST = 1024;
        private static final ThreadLocal<Runs> OWN = ThreadLocal.withInitial(() -> new Runs(Arena.ofAuto().allocate(24L * MOST, 8), new int[1]));

        void add(long from, int at, int length, float[] to) {
            if (length == 0) return;
            int next = 3 * count[0]++;
            Vec.setNumber(list.address(), next, from);
            Vec.setNumber(list.address(), next + 1, 4L * at);
            Vec.setNumber(list.address(), next + 2, length);
            if (count[0] == MOST) copy(to);
        }

        void copy(float[] to) {
            PanelLoops.FASTEST.copy(list.address(), count[0], to);
            count[0] = 0;
        }
    }

    private static void check(Size s, Matrix x, int out, int depth, Matrix y) {
        boolean fits = x.dtype() == DType.F32 && x.rows() == s.batch * s.height * s.width && x.columns() == s.in && x.stride() == s.in
                && y.dtype() == DType.F32 && y.rows() == s.pixels() && y.columns() == s.out && out == s.out && depth == s.depth();
        if (!fits) throw new IllegalArgumentException(s + " on " + x + ", weight [" + out + ", " + depth + "], into " + y);
    }
}
