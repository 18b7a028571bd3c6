package dev.faithdiff.image;

import java.util.Arrays;
import java.util.Locale;

/**
 * An estimate of how badly a photo is damaged, from its luma alone.
 *
 * <p>Noise: the difference of two Laplacians, which edges hardly reach (Immerkaer 1996, "Fast noise variance estimation"), in blocks of 16
 * pixels; texture only adds to it, so the quietest blocks tell. Blur: how much steeper the strongest edges are than after another blur of
 * known width (Zhuo and Sim 2011, "Defocus map estimation from a single image", equation 5).
 *
 * @param noise  standard deviation in 8-bit levels
 * @param blur   standard deviation in pixels of the Gaussian that blurred the strongest edges; a perfect one reads 0.8, a thin line down to 0.4,
 *               a photo without edges infinity
 * @param blocks how much larger steps are between the blocks of a JPEG file than elsewhere, as a share; about 0 for a photo without such blocks
 */
public record Damage(double noise, double blur, double blocks) {
    /** Below all three a photo counts as hardly damaged; docs/restoring.md says how well that fits. */
    public static final double MILD_NOISE = 2, MILD_BLUR = 0.85, MILD_BLOCKS = 0.08;
    /** The strength that is left where a photo is hardly damaged. */
    public static final double MILD_STRENGTH = 0.3;

    private static final int BLOCK = 16, JPEG = 8, LARGEST = 1536;
    /** Of the blocks, those as quiet as this one or quieter: enough that a black bar does not decide. */
    private static final double QUIET = 0.2;
    /** Of the pixels with a gradient, the steepest. */
    private static final double STEEP = 0.98;
    /** Gradients below this many levels a pixel are no edge. */
    private static final double LEAST_EDGE = 8;
    /** The further blur, in pixels, and as far as its kernel reaches. */
    private static final double REBLUR = 1;
    private static final int REACH = 4;

    /** The damage of a photo, of a large one in its middle. */
    public static Damage of(Image photo) {
        Image image = middle(photo);
        int width = image.width(), height = image.height();
        float[] luma = luma(image);
        return new Damage(noise(luma, width, height), blur(luma, width, height), blocks(luma, width, height));
    }

    public boolean isMild() { return noise < MILD_NOISE && blur < MILD_BLUR && blocks < MILD_BLOCKS; }

    /** At most {@value #LARGEST} pixels a side, cut where blocks of a JPEG file begin. */
    private static Image middle(Image photo) {
        int width = Math.min(photo.width(), LARGEST), height = Math.min(photo.height(), LARGEST);
        return photo.crop((photo.width() - width) / 2 / JPEG * JPEG, (photo.height() - height) / 2 / JPEG * JPEG, width, height);
    }

    private static float[] luma(Image image) {
        byte[] rgb = image.rgb();
        float[] luma = new float[rgb.length / 3];
        for (int i = 0; i < luma.length; i++) {
            luma[i] = 0.299f * (rgb[3 * i] & 0xff) + 0.587f * (rgb[3 * i + 1] & 0xff) + 0.114f * (rgb[3 * i + 2] & 0xff);
        }
        return luma;
    }

    private static double noise(float[] x, int width, int height) {
        int across = Math.max(1, (width - 2) / BLOCK), down = Math.max(1, (height - 2) / BLOCK);
        double[] blocks = new double[across * down];
        for (int b = 0; b < blocks.length; b++) {
            int left = 1 + b % across * BLOCK, top = 1 + b / across * BLOCK, n = 0;
            double sum = 0;
            for (int v = top; v < Math.min(top + BLOCK, height - 1); v++) {
                for (int u = left; u < Math.min(left + BLOCK, width - 1); u++, n++) {
                    int i = v * width + u;
                    sum += Math.abs(4 * x[i] - 2 * (x[i - 1] + x[i + 1] + x[i - width] + x[i + width])
                            + x[i - width - 1] + x[i - width + 1] + x[i + width - 1] + x[i + width + 1]);
                }
            }
            blocks[b] = n == 0 ? 0 : Math.sqrt(Math.PI / 2) * sum / (6 * n);
        }
        Arrays.sort(blocks);
        return blocks[(int) (QUIET * (blocks.length - 1))];
    }

    private static double blocks(float[] x, int width, int height) {
        double[] steps = new double[2];
        long[] counts = new long[2];
        for (int i = 0; i < x.length; i++) {
            int u = i % width, v = i / width, across = u % JPEG == 0 ? 1 : 0, down = v % JPEG == 0 ? 1 : 0;
            if (u > 0) {
                steps[across] += Math.abs(x[i] - x[i - 1]);
                counts[across]++;
            }
            if (v > 0) {
                steps[down] += Math.abs(x[i] - x[i - width]);
                counts[down]++;
            }
        }
        return counts[1] == 0 || steps[0] == 0 ? 0 : steps[1] / counts[1] / (steps[0] / counts[0]) - 1;
    }

    private static double blur(float[] x, int width, int height) {
        float[] sharp = gradients(x, width, height), soft = gradients(blurred(x, width, height), width, height);
        float[] sorted = sharp.clone();
        Arrays.sort(sorted);
        double least = Math.max(LEAST_EDGE, sorted[(int) (STEEP * (sorted.length - 1))]);
        double[] ratios = new double[sharp.length];
        int n = 0;
        for (int i = 0; i < sharp.length; i++) if (sharp[i] >= least) ratios[n++] = sharp[i] / Math.max(soft[i], 1e-6);
        if (n == 0) return Double.POSITIVE_INFINITY; // no edge at all
        Arrays.sort(ratios, 0, n);
        double ratio = Math.max(ratios[n / 2], 1 + 1e-6);
        return REBLUR / Math.sqrt(ratio * ratio - 1);
    }

    /** Central differences, in levels a pixel; 0 at the border. */
    private static float[] gradients(float[] x, int width, int height) {
        float[] g = new float[x.length];
        for (int v = 1; v < height - 1; v++) {
            for (int u = 1; u < width - 1; u++) {
                int i = v * width + u;
                g[i] = (float) Math.hypot(x[i + 1] - x[i - 1], x[i + width] - x[i - width]) / 2;
            }
        }
        return g;
    }

    private static float[] blurred(float[] x, int width, int height) {
        float[] kernel = new float[2 * REACH + 1], rows = new float[x.length], both = new float[x.length];
        float sum = 0;
        for (int k = -REACH; k <= REACH; k++) {
            kernel[k + REACH] = (float) Math.exp(-k * k / (2 * REBLUR * REBLUR));
            sum += kernel[k + REACH];
        }
        for (int i = 0; i < x.length; i++) {
            for (int k = -REACH; k <= REACH; k++) {
                rows[i] += kernel[k + REACH] / sum * x[i - i % width + Math.clamp(i % width + k, 0, width - 1)];
            }
        }
        for (int i = 0; i < x.length; i++) {
            for (int k = -REACH; k <= REACH; k++) {
                both[i] += kernel[k + REACH] / sum * rows[Math.clamp(i / width + k, 0, height - 1) * width + i % width];
            }
        }
        return both;
    }

    @Override public String toString() {
        return String.format(Locale.ROOT, "noise %.1f of 255, blur %.1f pixels, JPEG blocks %.0f%%", noise, blur, 100 * Math.max(blocks, 0));
    }
}
