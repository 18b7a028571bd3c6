package dev.faithdiff.quality.trust;

import dev.faithdiff.image.Image;
import java.util.List;
import java.util.stream.IntStream;

/** One value for each pixel, row by row. Differences of samples are in shares of their range, 0..1. */
public record Plane(int width, int height, float[] values) {
    /** The mean of the channels' absolute differences. Both images have one size. */
    public static Plane difference(Image a, Image b) {
        Image x = a.to8Bits(), y = b.to8Bits();
        return of(x, i -> {
            int sum = 0;
            for (int c = i; c < i + 3; c++) sum += Math.abs(x.sample(c) - y.sample(c));
            return sum / (3 * 255f);
        });
    }

    /** The deviation of several images of one size, with their number as divisor; the mean of the channels. */
    public static Plane deviation(List<Image> images) {
        List<Image> all = images.stream().map(Image::to8Bits).toList();
        return of(all.getFirst(), i -> {
            double sum = 0;
            for (int c = i; c < i + 3; c++) {
                long total = 0, squares = 0;
                for (Image image : all) {
                    total += image.sample(c);
                    squares += (long) image.sample(c) * image.sample(c);
                }
                sum += Math.sqrt((double) (squares * all.size() - total * total)) / all.size();
            }
            return (float) (sum / (3 * 255));
        });
    }

    /** Luma (BT.601). */
    static Plane luma(Image image) {
        Image x = image.to8Bits();
        return of(x, i -> (0.299f * x.sample(i) + 0.587f * x.sample(i + 1) + 0.114f * x.sample(i + 2)) / 255);
    }

    /** What a pixel's value is, by where its first sample lies. */
    private interface OfPixel {
        float at(int sample);
    }

    private static Plane of(Image image, OfPixel value) {
        float[] values = new float[image.width() * image.height()];
        IntStream.range(0, values.length).parallel().forEach(i -> values[i] = value.at(3 * i));
        return new Plane(image.width(), image.height(), values);
    }

    /** The mean over the square of {@code side} (odd) around each pixel, of which edges cut off a part. */
    public Plane mean(int side) {
        float[] along = new float[values.length], out = new float[values.length];
        IntStream.range(0, height).parallel().forEach(y -> slide(values, along, y * width, 1, width, side / 2));
        IntStream.range(0, width).parallel().forEach(x -> slide(along, out, x, width, height, side / 2));
        return new Plane(width, height, out);
    }

    /** Means of up to {@code 2 * reach + 1} values around each of {@code count}, which lie {@code step} apart. */
    private static void slide(float[] from, float[] to, int first, int step, int count, int reach) {
        double sum = 0;
        for (int i = 0; i < Math.min(reach, count); i++) sum += from[first + i * step];
        for (int i = 0; i < count; i++) {
            if (i + reach < count) sum += from[first + (i + reach) * step];
            if (i - reach - 1 >= 0) sum -= from[first + (i - reach - 1) * step];
            to[first + i * step] = (float) Math.max(0, sum / (Math.min(i + reach, count - 1) - Math.max(i - reach, 0) + 1));
        }
    }

    /** The deviation over the square of {@code side} around each pixel. */
    Plane spread(int side) {
        float[] squares = new float[values.length];
        for (int i = 0; i < squares.length; i++) squares[i] = values[i] * values[i];
        Plane mean = mean(side), square = new Plane(width, height, squares).mean(side);
        for (int i = 0; i < squares.length; i++) {
            squares[i] = (float) Math.sqrt(Math.max(0, square.values[i] - (double) mean.values[i] * mean.values[i]));
        }
        return new Plane(width, height, squares);
    }

    public double largest() {
        float largest = 0;
        for (float v : values) largest = Math.max(largest, v);
        return largest;
    }

    public double mean() {
        double sum = 0;
        for (float v : values) sum += v;
        return sum / values.length;
    }
}
