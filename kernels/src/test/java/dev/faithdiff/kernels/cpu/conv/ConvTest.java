package dev.faithdiff.kernels.cpu.conv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The gathered product against seven plain loops in double. */
class ConvTest {
    @Test void threeByThree() {
        check(size(1, 7, 5, 3, 37, 3, 1, 1), DType.F32);
        check(size(2, 9, 11, 8, 5, 3, 1, 1), DType.F16);
        check(size(1, 16, 16, 64, 33, 3, 1, 1), DType.BF16);
        check(size(3, 1, 1, 17, 2, 3, 1, 1), DType.F32);
        check(size(1, 20, 13, 4, 64, 3, 1, 1), DType.F8_E4M3);
        check(size(1, 12, 12, 130, 4, 3, 1, 1), DType.F32);
    }

    @Test void stridesAndOneSidedPadding() {
        check(size(1, 11, 8, 6, 9, 3, 2, 1), DType.F32);
        check(new Conv.Size(2, 8, 8, 16, 16, 3, 3, 2, 0, 0, 1, 1), DType.F32); // the VAE's downsampling
        check(new Conv.Size(1, 6, 9, 5, 7, 3, 2, 1, 2, 0, 0, 1), DType.F32);
        check(size(1, 16, 16, 3, 40, 4, 4, 0), DType.F32);
    }

    @Test void otherKernelSizes() {
        check(size(1, 6, 6, 31, 67, 1, 1, 0), DType.F32);
        check(size(1, 7, 7, 31, 29, 1, 2, 0), DType.F32);
        check(size(2, 9, 7, 2, 3, 7, 1, 3), DType.F32);
        check(size(1, 5, 5, 1, 1, 5, 1, 2), DType.F32);
    }

    private static Conv.Size size(int batch, int height, int width, int in, int out, int kernel, int stride, int pad) {
        return new Conv.Size(batch, height, width, in, out, kernel, kernel, stride, pad, pad, pad, pad);
    }

    private static void check(Conv.Size s, DType dtype) {
        Random random = new Random(s.hashCode());
        Matrix x = Native.random(random, DType.F32, s.batch() * s.height() * s.width(), s.in(), s.in());
        Matrix w = Native.random(random, dtype, s.out(), s.depth(), s.depth());
        Matrix bias = Native.random(random, DType.F32, 1, s.out(), s.out());
        Matrix y = Native.filled(DType.F32, s.pixels(), s.out(), s.out());
        Matrix packed = Native.filled(DType.F32, s.pixels(), s.out(), s.out());

        Conv.run(s, x, w, bias, y, false);
        Conv.run(s, x, PackedB.pack(w, true, Arena.global().allocate(PackedB.bytes(s.depth(), s.out()), 64)), bias, packed, false);

        double[] expected = plain(s, x, w, bias);
        double tolerance = 2e-6 * Math.sqrt(s.depth()) + 1e-6;
        Native.assertClose(y, expected, tolerance, s.toString());
        Native.assertClose(packed, expected, tolerance, "packed " + s);
        assertThat(Native.surroundedByNaN(y)).as(s + " writes only y").isTrue();
    }

    private static double[] plain(Conv.Size s, Matrix x, Matrix w, Matrix bias) {
        double[] y = new double[s.pixels() * s.out()], map = Native.toArray(x), weight = Native.toArray(w);
        for (int i = 0; i < y.length; i++) y[i] = plain(s, map, weight, i / s.out(), i % s.out()) + Native.get(bias, 0, i % s.out());
        return y;
    }

    private static double plain(Conv.Size s, double[] x, double[] w, int pixel, int o) {
        int ox = pixel % s.outWidth(), oy = pixel / s.outWidth() % s.outHeight(), image = pixel / s.outWidth() / s.outHeight();
        double sum = 0;
        for (int ky = 0; ky < s.kh(); ky++) {
            for (int kx = 0; kx < s.kw(); kx++) {
                int iy = oy * s.stride() - s.top() + ky, ix = ox * s.stride() - s.left() + kx;
                if (iy < 0 || iy >= s.height() || ix < 0 || ix >= s.width()) continue;
                int from = ((image * s.height() + iy) * s.width() + ix) * s.in();
                int weights = ((o * s.kh() + ky) * s.kw() + kx) * s.in();
                for (int i = 0; i < s.in(); i++) sum += x[from + i] * w[weights + i];
            }
        }
        return sum;
    }
}
