package dev.faithdiff.image;

import java.util.stream.IntStream;

/** The work of {@link FloatImage#resized}: columns first, then rows, as PyTorch does, with weights in F32. */
final class SmoothResize {
    private SmoothResize() {}

    static FloatImage resized(FloatImage in, int width, int height) {
        FloatImage wide = width == in.width() ? in : columns(in, Taps.of(in.width(), width));
        return height == in.height() ? wide : rows(wide, Taps.of(in.height(), height));
    }

    private static FloatImage columns(FloatImage in, Taps taps) {
        int width = taps.weights.length;
        float[] to = new float[Image.blank(width, in.height()).length];
        IntStream.range(0, in.height()).parallel().forEach(y -> {
            for (int i = 0; i < 3 * width; i++) {
                int at = i / 3, from = 3 * (y * in.width() + taps.first[at]) + i % 3;
                float sum = 0;
                for (int k = 0; k < taps.weights[at].length; k++) sum += taps.weights[at][k] * in.rgb()[from + 3 * k];
                to[3 * y * width + i] = sum;
            }
        });
        return new FloatImage(width, in.height(), to);
    }

    private static FloatImage rows(FloatImage in, Taps taps) {
        int height = taps.weights.length, samples = 3 * in.width();
        float[] to = new float[Image.blank(in.width(), height).length];
        IntStream.range(0, height).parallel().forEach(y -> {
            for (int k = 0; k < taps.weights[y].length; k++) {
                int from = (taps.first[y] + k) * samples;
                for (int i = 0; i < samples; i++) to[y * samples + i] += taps.weights[y][k] * in.rgb()[from + i];
            }
        });
        return new FloatImage(in.width(), height, to);
    }

    /** For each target pixel of one axis its first source pixel, and the weights of that one and those that follow. */
    private record Taps(int[] first, float[][] weights) {
        static Taps of(int from, int to) {
            float scale = (float) from / to, widening = Math.max(scale, 1), reach = (float) Filter.BICUBIC.halfWidth * widening;
            Taps taps = new Taps(new int[to], new float[to][]);
            for (int i = 0; i < to; i++) {
                float centre = scale * (i + 0.5f), sum = 0;
                int first = Math.max((int) (centre - reach + 0.5f), 0), count = Math.min((int) (centre + reach + 0.5f), from) - first;
                float[] weights = new float[count];
                for (int k = 0; k < count; k++) {
                    weights[k] = (float) Filter.BICUBIC.weight((k + first - centre + 0.5f) / widening);
                    sum += weights[k];
                }
                for (int k = 0; k < count; k++) weights[k] /= sum;
                taps.first[i] = first;
                taps.weights[i] = weights;
            }
            return taps;
        }
    }
}
