package dev.faithdiff.restore.diffbir;

import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;

/** How far a prediction is from the cleaned photo (DiffBIR cond_fn.py). Tensors are {@code [1, h, w, C]}. */
enum RestorationLoss {
    /** The mean squared difference. */
    MSE,
    /** The same, which counts where the target, an image in -1..1 of even sides, has no structure. */
    W_MSE;

    private static final float[] GREY = {0.2989f, 0.5870f, 0.1140f};
    private static final int BLOCK = 2;

    /** What brings the prediction nearer to the target: the negative gradient. */
    Tensor change(Tensor prediction, Tensor target, double scale) {
        float[] p = prediction.toFloats(), t = target.toFloats(), w = weights(target);
        int channels = target.size(3);
        double factor = -2 * scale / p.length;
        for (int i = 0; i < p.length; i++) p[i] = (float) (factor * (p[i] - t[i]) * w[i / channels]);
        return Tensor.of(p, target.shape().toArray()).to(prediction.device());
    }

    /** What each pixel of the target counts. */
    float[] weights(Tensor target) {
        int h = target.size(1), w = target.size(2);
        float[] weights = new float[h * w];
        if (this == MSE) {
            Arrays.fill(weights, 1);
            return weights;
        }
        float[] edges = edges(grey(target.toFloats()), h, w);
        for (int y = 0; y < h; y += BLOCK) {
            for (int x = 0; x < w; x += BLOCK) {
                float sum = 0;
                for (int i = 0; i < BLOCK * BLOCK; i++) sum += edges[(y + i / BLOCK) * w + x + i % BLOCK];
                float weight = (float) (1 - Math.tanh(sum));
                for (int i = 0; i < BLOCK * BLOCK; i++) weights[(y + i / BLOCK) * w + x + i % BLOCK] = weight;
            }
        }
        return weights;
    }

    private static float[] grey(float[] rgb) {
        float[] grey = new float[rgb.length / 3];
        for (int i = 0; i < rgb.length; i++) grey[i / 3] += (rgb[i] + 1) / 2 * GREY[i % 3];
        return grey;
    }

    /** The length of Sobel's gradient; the border repeats. */
    private static float[] edges(float[] grey, int h, int w) {
        float[] edges = new float[grey.length];
        for (int y = 0; y < h; y++) {
            int up = Math.max(y - 1, 0) * w, row = y * w, down = Math.min(y + 1, h - 1) * w;
            for (int x = 0; x < w; x++) {
                int l = Math.max(x - 1, 0), r = Math.min(x + 1, w - 1);
                float across = grey[up + l] - grey[up + r] + 2 * (grey[row + l] - grey[row + r]) + grey[down + l] - grey[down + r];
                float along = grey[up + l] - grey[down + l] + 2 * (grey[up + x] - grey[down + x]) + grey[up + r] - grey[down + r];
                edges[row + x] = (float) Math.sqrt(across * across + along * along);
            }
        }
        return edges;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
