package dev.faithdiff.image;

/**
 * Takes some frequencies of one image and the others of another of the same size. Their difference is divided into bands by five
 * ever wider blurs (the ones of {@link ColorFix#WAVELET}): structures of about 1, 2, 4, 8 and 16 pixels, and all that is coarser.
 */
public final class FrequencyBlend {
    private static final int LEVELS = 5;

    private FrequencyBlend() {}

    /** How much of a band is taken, 0..1, from the finest (0) to what is coarser than all. */
    private interface Weights {
        float of(int band);
    }

    /**
     * The blend with the bits of {@code detail}, rounded to nearest.
     *
     * @param share 0: {@code detail} as it is; 1: {@code base} as it is; in between bands of {@code base} come in one after another, the
     *              coarsest first, each for a sixth of the way
     * @throws ImageError if the sizes differ
     */
    public static Image apply(Image detail, Image base, double share) { return blend(detail, base, band -> weight(share, LEVELS - band)); }

    /** As {@link #apply(Image, Image, double)}, of images that go on beyond their edges. */
    public static Image apply(Image detail, Image base, double share, Wrap wrap) {
        return wrap.cut(apply(wrap.continued(detail, ColorFix.REACH), wrap.continued(base, ColorFix.REACH), share), ColorFix.REACH);
    }

    /**
     * The blend with the bits of {@code base}, rounded to nearest.
     *
     * @param share 0: {@code base} as it is; 1: {@code detail} as it is; in between bands of {@code detail} come in one after another, the
     *              finest first, each for a sixth of the way
     * @throws ImageError if the sizes differ
     */
    public static Image finest(Image base, Image detail, double share) { return blend(base, detail, band -> weight(share, band)); }

    /** As {@link #finest(Image, Image, double)}, of images that go on beyond their edges. */
    public static Image finest(Image base, Image detail, double share, Wrap wrap) {
        return wrap.cut(finest(wrap.continued(base, ColorFix.REACH), wrap.continued(detail, ColorFix.REACH), share), ColorFix.REACH);
    }

    private static Image blend(Image detail, Image base, Weights weights) {
        if (detail.width() != base.width() || detail.height() != base.height()) {
            throw new ImageError("a blend takes two images of one size, got " + detail + " and " + base);
        }
        byte[] rgb = Image.blank(detail.width(), detail.height()), low = detail.bits() == 16 ? new byte[rgb.length] : null;
        for (int c = 0; c < 3; c++) {
            float[] change = change(detail, base, c, weights);
            for (int i = 0; i < change.length; i++) {
                float level = level(detail, 3 * i + c) + change[i];
                if (low == null) rgb[3 * i + c] = (byte) Math.clamp(Math.round(level), 0, 255);
                else Image.put(Math.clamp(Math.round(level * 257), 0, 65535), rgb, low, 3 * i + c);
            }
        }
        return Image.of(detail.width(), detail.height(), rgb, low);
    }

    /** What a channel of {@code detail} gains: the bands of the difference that come from {@code base}, in 8-bit levels. */
    private static float[] change(Image detail, Image base, int c, Weights weights) {
        float[] left = new float[detail.width() * detail.height()];
        float[] sum = new float[left.length];
        float[] next = new float[left.length];
        for (int i = 0; i < left.length; i++) left[i] = level(base, 3 * i + c) - level(detail, 3 * i + c);
        for (int level = 0; level < LEVELS; level++) {
            ColorFix.blur(left, detail.width(), 1 << level, next);
            float weight = weights.of(level);
            for (int i = 0; i < left.length; i++) sum[i] += weight * (left[i] - next[i]);
            float[] swap = left;
            left = next;
            next = swap;
        }
        float weight = weights.of(LEVELS);
        for (int i = 0; i < left.length; i++) sum[i] += weight * left[i];
        return sum;
    }

    /** A sample on the scale of 0..255. */
    private static float level(Image image, int i) { return image.bits() == 16 ? image.sample(i) / 257f : image.sample(i); }

    /** Bands come in one after another. @param before bands that come in before this one */
    private static float weight(double share, int before) { return (float) Math.clamp(share * (LEVELS + 1) - before, 0, 1); }
}
