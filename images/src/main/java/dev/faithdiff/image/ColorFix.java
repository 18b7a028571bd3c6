package dev.faithdiff.image;

import java.util.Locale;

/**
 * Gives a restored photo (content) the colours of the enlarged low-quality one (style), which has the same size. Float
 * arithmetic on v/255; the result is clamped to 0..1, times 255, truncated, as in the published implementation. 16-bit content, which that
 * does not know, is v/65535, and its result is times 65535, rounded.
 */
public enum ColorFix {
    /** Each channel gets the style's mean and deviation. */
    ADAIN {
        @Override float[] channel(Image content, Image style, int c) {
            float[] x = plane(content, c);
            Stats from = Stats.of(content, c);
            Stats to = Stats.of(style, c);
            for (int i = 0; i < x.length; i++) x[i] = (x[i] - from.mean) / from.deviation * to.deviation + to.mean;
            return x;
        }
    },
    /** Each channel keeps its detail and gets what is left of the style after five ever wider blurs. */
    WAVELET {
        @Override float[] channel(Image content, Image style, int c) {
            float[] detail = new float[content.width() * content.height()];
            blurred(plane(content, c), content.width(), detail);
            float[] coarse = blurred(plane(style, c), style.width(), null);
            for (int i = 0; i < detail.length; i++) detail[i] += coarse[i];
            return detail;
        }
    },
    /**
     * As {@link #WAVELET}, but in CIELAB: what is left of the style's lightness, a and b after the blurs, and the content's detail. Our own; the
     * result is rounded.
     */
    LAB {
        @Override Image fixed(Image content, Image style) {
            float[] lab = Lab.of(content), other = Lab.of(style);
            for (int c = 0; c < 3; c++) {
                float[] difference = new float[lab.length / 3];
                for (int i = 0; i < difference.length; i++) difference[i] = other[3 * i + c] - lab[3 * i + c];
                float[] coarse = blurred(difference, content.width(), null);
                for (int i = 0; i < coarse.length; i++) lab[3 * i + c] += coarse[i];
            }
            return Lab.image(lab, content.width(), content.height(), content.bits());
        }

        @Override float[] channel(Image content, Image style, int c) { throw new UnsupportedOperationException(); }
    },
    /** The content as it is. */
    NONE {
        @Override float[] channel(Image content, Image style, int c) { throw new UnsupportedOperationException(); }
    };

    private static final int WAVELET_LEVELS = 5;
    /** How far the blurs look. */
    static final int REACH = (1 << WAVELET_LEVELS) - 1;
    private static final float VARIANCE_EPSILON = 1e-5f;

    public static Image adain(Image content, Image style) { return ADAIN.apply(content, style); }

    public static Image wavelet(Image content, Image style) { return WAVELET.apply(content, style); }

    /** {@link #WAVELET} of floats, whose result is neither clamped nor rounded (DiffBIR, SUPIR). @throws ImageError if the sizes differ */
    public static FloatImage wavelet(FloatImage content, FloatImage style) {
        requireSameSize(content, style);
        float[] result = new float[content.rgb().length];
        for (int c = 0; c < 3; c++) {
            float[] detail = new float[result.length / 3], coarse = blurred(plane(style.rgb(), c), style.width(), null);
            blurred(plane(content.rgb(), c), content.width(), detail);
            for (int i = 0; i < detail.length; i++) result[3 * i + c] = detail[i] + coarse[i];
        }
        return new FloatImage(content.width(), content.height(), result);
    }

    /** Of floats in 0..1, whose result is neither clamped nor rounded but for {@link #LAB}. @throws ImageError if the sizes differ */
    public FloatImage apply(FloatImage content, FloatImage style) {
        return switch (this) {
            case ADAIN -> adain(content.affine(2, -1), style.affine(2, -1)).affine(0.5f, 0.5f); // as published for StableSR
            case WAVELET -> wavelet(content, style);
            case LAB -> FloatImage.of(apply(content.cut(16), style.cut(16)));
            case NONE -> content;
        };
    }

    /** {@link #ADAIN} of floats of any range, whose result is neither clamped nor rounded (SUPIR). @throws ImageError if the sizes differ */
    public static FloatImage adain(FloatImage content, FloatImage style) {
        requireSameSize(content, style);
        float[] result = content.rgb().clone();
        for (int c = 0; c < 3; c++) {
            Stats from = Stats.of(plane(content.rgb(), c)), to = Stats.of(plane(style.rgb(), c));
            for (int i = c; i < result.length; i += 3) result[i] = (result[i] - from.mean) / from.deviation * to.deviation + to.mean;
        }
        return new FloatImage(content.width(), content.height(), result);
    }

    private static void requireSameSize(FloatImage content, FloatImage style) {
        if (content.width() == style.width() && content.height() == style.height()) return;
        throw new ImageError("colour fix takes two images of one size, got " + content + " and " + style);
    }

    private static float[] plane(float[] rgb, int c) {
        float[] plane = new float[rgb.length / 3];
        for (int i = 0; i < plane.length; i++) plane[i] = rgb[3 * i + c];
        return plane;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }

    /** As {@link #apply(Image, Image)}, of images that go on beyond their edges. */
    public Image apply(Image content, Image style, Wrap wrap) {
        if (this != WAVELET && this != LAB || wrap == Wrap.NONE) return apply(content, style);
        return wrap.cut(apply(wrap.continued(content, REACH), wrap.continued(style, REACH)), REACH);
    }

    /** @throws ImageError if the sizes differ */
    public Image apply(Image content, Image style) {
        if (this == NONE) return content;
        if (content.width() != style.width() || content.height() != style.height()) {
            throw new ImageError("colour fix takes two images of one size, got " + content + " and " + style);
        }
        return fixed(content, style);
    }

    Image fixed(Image content, Image style) {
        byte[] rgb = Image.blank(content.width(), content.height()), low = content.bits() == 16 ? new byte[rgb.length] : null;
        for (int c = 0; c < 3; c++) {
            float[] x = channel(content, style, c);
            for (int i = 0; i < x.length; i++) {
                float unit = Math.clamp(x[i], 0f, 1f);
                if (low == null) rgb[3 * i + c] = (byte) (int) (unit * 255f);
                else Image.put(Math.round(unit * 65535f), rgb, low, 3 * i + c);
            }
        }
        return Image.of(content.width(), content.height(), rgb, low);
    }

    /** One channel of the result, about 0..1. */
    abstract float[] channel(Image content, Image style, int c);

    private static float[] plane(Image image, int c) {
        float[] plane = new float[image.rgb().length / 3];
        float max = image.bits() == 16 ? 65535f : 255f;
        for (int i = 0; i < plane.length; i++) plane[i] = image.sample(3 * i + c) / max;
        return plane;
    }

    /** The plane after all blurs (its array is reused); what each blur took away is added to {@code detail} where given. */
    private static float[] blurred(float[] plane, int width, float[] detail) {
        float[] next = new float[plane.length];
        for (int level = 0; level < WAVELET_LEVELS; level++) {
            blur(plane, width, 1 << level, next);
            if (detail != null) for (int i = 0; i < plane.length; i++) detail[i] += plane[i] - next[i];
            float[] swap = plane;
            plane = next;
            next = swap;
        }
        return plane;
    }

    /** 3x3 kernel 1/16 [1 2 1; 2 4 2; 1 2 1] with its points {@code d} pixels apart; the border repeats. */
    static void blur(float[] in, int width, int d, float[] out) {
        int height = in.length / width;
        for (int y = 0; y < height; y++) {
            int up = Math.max(y - d, 0) * width;
            int row = y * width;
            int down = Math.min(y + d, height - 1) * width;
            for (int x = 0; x < width; x++) {
                int l = Math.max(x - d, 0);
                int r = Math.min(x + d, width - 1);
                out[row + x] = 0.0625f * in[up + l] + 0.125f * in[up + x] + 0.0625f * in[up + r]
                        + 0.125f * in[row + l] + 0.25f * in[row + x] + 0.125f * in[row + r]
                        + 0.0625f * in[down + l] + 0.125f * in[down + x] + 0.0625f * in[down + r];
            }
        }
    }

    /** Mean and deviation of a channel, of v/255 by exact integer sums: unbiased variance + 1e-5 under the root. */
    private record Stats(float mean, float deviation) {
        static Stats of(Image image, int c) {
            long n = image.rgb().length / 3;
            double max = image.bits() == 16 ? 65535 : 255;
            long sum = 0;
            long squares = 0;
            for (int i = c; i < image.rgb().length; i += 3) {
                long v = image.sample(i);
                sum += v;
                squares += v * v;
            }
            double variance = (squares - (double) sum * sum / n) / Math.max(n - 1, 1) / (max * max);
            return of(sum / max / n, variance);
        }

        static Stats of(float[] plane) {
            double sum = 0, squares = 0;
            for (float v : plane) sum += v;
            double mean = sum / plane.length;
            for (float v : plane) squares += (v - mean) * (v - mean);
            return of(mean, squares / Math.max(plane.length - 1, 1));
        }

        private static Stats of(double mean, double variance) {
            return new Stats((float) mean, (float) Math.sqrt((float) variance + VARIANCE_EPSILON));
        }
    }
}
