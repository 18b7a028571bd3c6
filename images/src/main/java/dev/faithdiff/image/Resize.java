package dev.faithdiff.image;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Resizes as Pillow does, to the bit: columns first, then rows, weights in 22-bit fixed point, rounded to 8 bits after each
 * pass; where the image shrinks the filter widens. 16-bit samples, which Pillow does not resize, go the same way and stay 16-bit.
 */
public final class Resize {
    private static final int PRECISION_BITS = 32 - 8 - 2;
    private static final int HALF = 1 << PRECISION_BITS - 1;

    private Resize() {}

    /** @throws ImageError if the size is not positive or no array can hold the result or the widened image in between */
    public static Image resize(Image in, int width, int height, Filter filter) {
        if (width <= 0 || height <= 0) throw new ImageError("cannot resize " + in + " to " + width + "x" + height);
        if (filter == Filter.NEAREST) return nearest(in, width, height);
        if (in.bits() == 16) return deep(in, width, height, filter);
        Image wide = width == in.width() ? in : columns(in, width, Taps.of(in.width(), width, filter));
        return height == in.height() ? wide : rows(wide, height, Taps.of(in.height(), height, filter));
    }

    private static Image columns(Image in, int width, Taps taps) {
        byte[] from = in.rgb();
        byte[] to = Image.blank(width, in.height());
        IntStream.range(0, in.height()).parallel().forEach(y -> {
            int row = 3 * y * in.width();
            int out = 3 * y * width;
            for (int x = 0; x < width; x++, out += 3) {
                int r = HALF, g = HALF, b = HALF;
                int p = row + 3 * taps.first[x];
                int end = x * taps.stride + taps.count[x];
                for (int k = x * taps.stride; k < end; k++, p += 3) {
                    int weight = taps.weights[k];
                    r += weight * (from[p] & 0xff);
                    g += weight * (from[p + 1] & 0xff);
                    b += weight * (from[p + 2] & 0xff);
                }
                to[out] = toByte(r);
                to[out + 1] = toByte(g);
                to[out + 2] = toByte(b);
            }
        });
        return Image.of(width, in.height(), to);
    }

    private static Image rows(Image in, int height, Taps taps) {
        int samples = 3 * in.width();
        byte[] from = in.rgb();
        byte[] to = Image.blank(in.width(), height);
        IntStream.range(0, height).parallel().forEach(y -> {
            int[] sums = new int[samples];
            Arrays.fill(sums, HALF);
            for (int k = 0; k < taps.count[y]; k++) {
                int weight = taps.weights[y * taps.stride + k];
                int row = (taps.first[y] + k) * samples;
                for (int i = 0; i < samples; i++) sums[i] += weight * (from[row + i] & 0xff);
            }
            for (int i = 0; i < samples; i++) to[y * samples + i] = toByte(sums[i]);
        });
        return Image.of(in.width(), height, to);
    }

    private static Image deep(Image in, int width, int height, Filter filter) {
        Image wide = width == in.width() ? in : deep(in, Taps.of(in.width(), width, filter), true);
        return height == in.height() ? wide : deep(wide, Taps.of(in.height(), height, filter), false);
    }

    /** One pass over 16-bit samples, along rows or columns. */
    private static Image deep(Image in, Taps taps, boolean along) {
        int width = along ? taps.first.length : in.width(), height = along ? in.height() : taps.first.length;
        int pitch = along ? 3 : 3 * in.width();
        byte[] high = Image.blank(width, height), low = Image.blank(width, height);
        IntStream.range(0, height).parallel().forEach(y -> {
            for (int i = 0, to = 3 * y * width; i < 3 * width; i++, to++) {
                int at = along ? i / 3 : y;
                int from = along ? 3 * (y * in.width() + taps.first[at]) + i % 3 : taps.first[at] * pitch + i;
                long sum = HALF;
                for (int k = 0; k < taps.count[at]; k++) sum += (long) taps.weights[at * taps.stride + k] * in.sample(from + k * pitch);
                Image.put(Math.clamp(sum >> PRECISION_BITS, 0, 65535), high, low, to);
            }
        });
        return Image.of(width, height, high, low);
    }

    private static byte toByte(int fixed) { return (byte) Math.clamp(fixed >> PRECISION_BITS, 0, 255); }

    private static Image nearest(Image in, int width, int height) {
        int[] xs = nearestSources(in.width(), width);
        int[] ys = nearestSources(in.height(), height);
        return Image.of(width, height, nearest(in.rgb(), in.width(), xs, ys), in.low() == null ? null : nearest(in.low(), in.width(), xs, ys));
    }

    private static byte[] nearest(byte[] from, int width, int[] xs, int[] ys) {
        byte[] to = Image.blank(xs.length, ys.length);
        int out = 0;
        for (int y : ys) for (int x : xs) {
            System.arraycopy(from, 3 * (y * width + x), to, out, 3);
            out += 3;
        }
        return to;
    }

    /** Pillow steps through the source by adding the scale up, so its rounding errors add up too. */
    private static int[] nearestSources(int from, int to) {
        int[] sources = new int[to];
        double scale = (double) from / to;
        double at = scale * 0.5;
        for (int i = 0; i < to; i++, at += scale) sources[i] = Math.min((int) at, from - 1);
        return sources;
    }

    /** For each target pixel of one axis: its first source pixel, how many it takes, and their weights. */
    private record Taps(int stride, int[] first, int[] count, int[] weights) {
        static Taps of(int from, int to, Filter filter) {
            double scale = (double) from / to;
            double widening = Math.max(scale, 1);
            double reach = filter.halfWidth * widening;
            int stride = Math.min((int) Math.ceil(reach) * 2 + 1, from);
            if ((long) stride * to > Integer.MAX_VALUE - 8) {
                throw new ImageError("cannot resize " + from + " to " + to + " pixels in one step");
            }
            Taps taps = new Taps(stride, new int[to], new int[to], new int[stride * to]);
            double[] weights = new double[stride];
            for (int i = 0; i < to; i++) {
                double centre = (i + 0.5) * scale;
                int first = Math.max((int) (centre - reach + 0.5), 0);
                int count = Math.min((int) (centre + reach + 0.5), from) - first;
                double sum = 0;
                for (int k = 0; k < count; k++) {
                    weights[k] = filter.weight((k + first - centre + 0.5) * (1 / widening));
                    sum += weights[k];
                }
                taps.first[i] = first;
                taps.count[i] = count;
                for (int k = 0; k < count; k++) taps.weights[i * stride + k] = fixed(weights[k] / sum);
            }
            return taps;
        }

        private static int fixed(double weight) {
            return (int) (weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
        }
    }
}
