package dev.faithdiff.image;

/**
 * Takes the low frequencies of one image and the high ones of another of the same size. What sets the two apart is cut into bands by five
 * ever wider blurs (the ones of {@link ColorFix#WAVELET}): structures of about 1, 2, 4, 8 and 16 pixels, and all that is coarser.
 */
public final class FrequencyBlend {
    private static final int LEVELS = 5;

    private FrequencyBlend() {}

    /**
     * The blend with the bits of {@code detail}, rounded to nearest.
     *
     * @param share 0: {@code detail} as it is; 1: {@code base} as it is; in between bands of {@code base} come in one after another, the
     *              coarsest first, each for a sixth of the way
     * @throws ImageError if the sizes differ
     */
    public static Image apply(Image detail, Image base, double share) {
        if (detail.width() != base.width() || detail.height() != base.height()) {
            throw new ImageError("a blend takes two images of one size, got " + detail + " and " + base);
        }
        byte[] rgb = Image.blank(detail.width(), detail.height()), low = detail.bits() == 16 ? new byte[rgb.length] : null;
        for (int c = 0; c < 3; c++) {
            float[] change = change(detail, base, c, share);
            for (int i = 0; i < change.length; i++) {
                float level = level(detail, 3 * i + c) + change[i];
                if (low == null) rgb[3 * i + c] = (byte) Math.clamp(Math.round(level), 0, 255);
                else Image.put(Math.clamp(Math.round(level * 257), 0, 65535), rgb, low, 3 * i + c);
            }
        }
        return Image.of(detail.width(), detail.height(), rgb, low);
    }

    /** What a channel of {@code detail} gains: the bands of the difference that come from {@code base}, in 8-bit levels. */
    private static float[] change(Image detail, Image base, int c, double share) {
        float[] left = new float[detail.width() * detail.height()], sum = new float[left.length], next = new float[left.length];
        for (int i = 0; i < left.length; i++) left[i] = level(base, 3 * i + c) - level(detail, 3 * i + c);
        for (int level = 0; level < LEVELS; level++) {
            ColorFix.blur(left, detail.width(), 1 << level, next);
            float weight = weight(share, level);
            for (int i = 0; i < left.length; i++) sum[i] += weight * (left[i] - next[i]);
            float[] swap = left;
            left = next;
            next = swap;
        }
        float weight = weight(share, LEVELS);
        for (int i = 0; i < left.length; i++) sum[i] += weight * left[i];
        return sum;
    }

    /** A sample on the scale of 0..255. */
    private static float level(Image image, int i) { return image.bits() == 16 ? image.sample(i) / 257f : image.sample(i); }

    /** How much of a band is taken, 0..1; the coarsest is the last. */
    private static float weight(double share, int level) { return (float) Math.clamp(share * (LEVELS + 1) - (LEVELS - level), 0, 1); }
}
