package dev.faithdiff.degrade;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.ImageError;
import java.util.stream.IntStream;

/**
 * Resizes float images as torch.nn.functional.interpolate does with align_corners false and antialias false: only AREA
 * averages what it shrinks, the others skip pixels.
 */
public enum Interpolation {
    /** The mean of the source pixels that a target pixel touches. */
    AREA {
        @Override Taps taps(int from, int to, float step) {
            Taps taps = new Taps(to);
            for (int i = 0; i < to; i++) {
                int first = (int) ((long) i * from / to), end = Math.toIntExact(Math.ceilDiv((i + 1L) * from, to));
                float[] weights = new float[end - first];
                for (int k = 0; k < weights.length; k++) weights[k] = 1f / weights.length;
                taps.set(i, first, from, weights);
            }
            return taps;
        }
    },
    BILINEAR {
        @Override Taps taps(int from, int to, float step) {
            Taps taps = new Taps(to);
            for (int i = 0; i < to; i++) {
                float centre = from == to ? i : Math.max(step * (i + 0.5f) - 0.5f, 0);
                int first = Math.min((int) centre, from - 1);
                float t = Math.min(centre - first, 1);
                taps.set(i, first, from, 1 - t, t);
            }
            return taps;
        }
    },
    /** Cubic convolution with a = -0.75. */
    BICUBIC {
        @Override Taps taps(int from, int to, float step) {
            Taps taps = new Taps(to);
            for (int i = 0; i < to; i++) {
                float centre = step * (i + 0.5f) - 0.5f;
                int first = Math.min((int) Math.floor(centre), from - 1);
                float t = Math.clamp(centre - first, 0f, 1f);
                taps.set(i, first - 1, from, outer(1 + t), inner(t), inner(1 - t), outer(2 - t));
            }
            return taps;
        }

        private float inner(float x) { return (1.25f * x - 2.25f) * x * x + 1; }

        private float outer(float x) { return ((-0.75f * x + 3.75f) * x - 6) * x + 3; }
    },
    NEAREST {
        @Override Taps taps(int from, int to, float step) {
            Taps taps = new Taps(to);
            for (int i = 0; i < to; i++) taps.set(i, from == to ? i : (int) Math.floor(i * step), from, 1);
            return taps;
        }
    };

    /** @throws ImageError if the size is not positive or no array can hold it */
    public FloatImage toSize(FloatImage in, int width, int height) {
        return resize(in, width, height, (float) in.width() / width, (float) in.height() / height);
    }

    /** To the sizes times the factor, rounded down but not below one; positions follow the factor, not the rounded sizes. */
    public FloatImage byFactor(FloatImage in, double factor) {
        int width = Math.max((int) (in.width() * factor), 1), height = Math.max((int) (in.height() * factor), 1);
        return resize(in, width, height, (float) (1 / factor), (float) (1 / factor));
    }

    private FloatImage resize(FloatImage in, int width, int height, float stepX, float stepY) {
        if (width <= 0 || height <= 0 || Math.max(3L * width * height, 3L * width * in.height()) > Integer.MAX_VALUE - 8) {
            throw new ImageError("cannot resize an image of " + in.width() + "x" + in.height() + " to " + width + "x" + height);
        }
        return rows(columns(in, taps(in.width(), width, stepX)), taps(in.height(), height, stepY));
    }

    /** Sources and weights of the target pixels of one axis, {@code step} source pixels apart. */
    abstract Taps taps(int from, int to, float step);

    private static FloatImage columns(FloatImage in, Taps taps) {
        int w = taps.size();
        float[] out = new float[3 * w * in.height()];
        IntStream.range(0, in.height()).parallel().forEach(y -> {
            for (int x = 0; x < w; x++) {
                for (int c = 0; c < 3; c++) {
                    float sum = 0;
                    for (int k = 0; k < taps.weights[x].length; k++) {
                        sum += taps.weights[x][k] * in.rgb()[3 * (y * in.width() + taps.sources[x][k]) + c];
                    }
                    out[3 * (y * w + x) + c] = sum;
                }
            }
        });
        return new FloatImage(w, in.height(), out);
    }

    private static FloatImage rows(FloatImage in, Taps taps) {
        int samples = 3 * in.width();
        float[] out = new float[samples * taps.size()];
        IntStream.range(0, taps.size()).parallel().forEach(y -> {
            for (int k = 0; k < taps.weights[y].length; k++) {
                float weight = taps.weights[y][k];
                int from = taps.sources[y][k] * samples;
                for (int i = 0; i < samples; i++) out[y * samples + i] += weight * in.rgb()[from + i];
            }
        });
        return new FloatImage(in.width(), taps.size(), out);
    }

    private record Taps(int[][] sources, float[][] weights) {
        Taps(int size) { this(new int[size][], new float[size][]); }

        int size() { return sources.length; }

        /** Consecutive sources; those outside the image are its edge. */
        void set(int target, int first, int from, float... w) {
            int edge = from - 1;
            sources[target] = IntStream.range(first, first + w.length).map(i -> Math.clamp(i, 0, edge)).toArray();
            weights[target] = w;
        }
    }
}
