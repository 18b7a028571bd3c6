package dev.faithdiff.degrade;

import dev.faithdiff.image.FloatImage;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The square blur kernels of Real-ESRGAN's training data (BasicSR, data/degradations.py): odd size in pixels, row-major
 * weights that sum to one, x along columns and y along rows. Sigmas are in pixels, theta turns the x axis, in radians.
 */
public record BlurKernel(int size, double[] weights) {
    public BlurKernel {
        if (size < 1 || size % 2 == 0 || weights.length != size * size) {
            throw new IllegalArgumentException("a blur kernel has an odd size, not " + size + " with " + weights.length + " weights");
        }
    }

    public static BlurKernel gaussian(int size, double sigmaX, double sigmaY, double theta) {
        return elliptic(size, sigmaX, sigmaY, theta, d -> Math.exp(-0.5 * d));
    }

    /** A Gaussian with heavier (beta below 1) or lighter tails. */
    public static BlurKernel generalized(int size, double sigmaX, double sigmaY, double theta, double beta) {
        return elliptic(size, sigmaX, sigmaY, theta, d -> Math.exp(-0.5 * Math.pow(d, beta)));
    }

    /** A flat top that falls off the steeper the larger beta. */
    public static BlurKernel plateau(int size, double sigmaX, double sigmaY, double theta, double beta) {
        return elliptic(size, sigmaX, sigmaY, theta, d -> 1 / (1 + Math.pow(d, beta)));
    }

    /** A circular low-pass, which rings around edges; the cutoff is in radians a pixel, at most pi. */
    public static BlurKernel sinc(int size, double cutoff) {
        double[] weights = new double[size * size];
        for (int i = 0; i < weights.length; i++) {
            double r = Math.hypot(i % size - size / 2, i / size - size / 2);
            weights[i] = r == 0 ? cutoff * cutoff / (4 * Math.PI) : cutoff * besselJ1(cutoff * r) / (2 * Math.PI * r);
        }
        return normalized(size, weights);
    }

    /** One-dimensional weights times their transpose, with OpenCV's sigma for a given size. */
    static BlurKernel openCvGaussian(int size) {
        double sigma = 0.3 * ((size - 1) * 0.5 - 1) + 0.8;
        return gaussian(size, sigma, sigma, 0);
    }

    /** The same kernel with zeros around it; itself where it is as large already. */
    public BlurKernel padTo(int larger) {
        if (larger <= size) return this;
        double[] padded = new double[larger * larger];
        int border = (larger - size) / 2;
        for (int y = 0; y < size; y++) System.arraycopy(weights, y * size, padded, (y + border) * larger + border, size);
        return new BlurKernel(larger, padded);
    }

    /** Each channel correlated with the kernel in float32 weights; outside, the image is mirrored without repeating its edge. */
    public FloatImage apply(FloatImage in) {
        int w = in.width(), h = in.height(), half = size / 2, stride = 3 * (w + 2 * half), samples = 3 * w;
        float[] wide = mirroredColumns(in, half);
        float[] out = new float[in.rgb().length];
        IntStream.range(0, h).parallel().forEach(y -> {
            double[] sums = new double[samples];
            for (int k = 0; k < weights.length; k++) {
                double weight = (float) weights[k];
                if (weight == 0) continue;
                int from = mirror(y + k / size - half, h) * stride + 3 * (k % size);
                for (int x = 0; x < samples; x++) sums[x] += weight * wide[from + x];
            }
            for (int x = 0; x < samples; x++) out[y * samples + x] = (float) sums[x];
        });
        return new FloatImage(w, h, out);
    }

    private static float[] mirroredColumns(FloatImage in, int border) {
        int w = in.width(), wide = w + 2 * border;
        float[] out = new float[Math.multiplyExact(3 * wide, in.height())];
        for (int y = 0; y < in.height(); y++) {
            for (int x = 0; x < wide; x++) {
                System.arraycopy(in.rgb(), 3 * (y * w + mirror(x - border, w)), out, 3 * (y * wide + x), 3);
            }
        }
        return out;
    }

    /** Position in 0..size-1, back and forth as often as a small image needs. */
    private static int mirror(int i, int size) {
        if (size == 1) return 0;
        int at = Math.floorMod(i, 2 * size - 2);
        return Math.min(at, 2 * size - 2 - at);
    }

    private static BlurKernel elliptic(int size, double sigmaX, double sigmaY, double theta, DoubleUnaryOperator ofSquaredDistance) {
        double[] weights = new double[size * size];
        for (int i = 0; i < weights.length; i++) {
            int x = i % size - size / 2, y = i / size - size / 2;
            double u = (x * Math.cos(theta) + y * Math.sin(theta)) / sigmaX;
            double v = (y * Math.cos(theta) - x * Math.sin(theta)) / sigmaY;
            weights[i] = ofSquaredDistance.applyAsDouble(u * u + v * v);
        }
        return normalized(size, weights);
    }

    private static BlurKernel normalized(int size, double[] weights) {
        double sum = Arrays.stream(weights).sum();
        for (int i = 0; i < weights.length; i++) weights[i] /= sum;
        return new BlurKernel(size, weights);
    }

    /** Bessel's integral by the midpoint rule, which is exact to rounding once the points outnumber x. */
    private static double besselJ1(double x) {
        int points = 64 + 2 * (int) Math.ceil(x);
        double sum = 0;
        for (int i = 0; i < points; i++) {
            double angle = 2 * Math.PI * (i + 0.5) / points;
            sum += Math.cos(angle - x * Math.sin(angle));
        }
        return sum / points;
    }
}
