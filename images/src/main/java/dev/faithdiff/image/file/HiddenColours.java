package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;

/**
 * Gives pixels of opacity 0 colours of the visible ones near them, because filters and networks mix neighbours. Each picture of half the size
 * has the means of visible pixels, and gives those that are hidden their colours back at the next larger size (pull and push; Gortler et al.,
 * The Lumigraph, 1996).
 */
final class HiddenColours {
    private final int width, height;
    private final char[] rgb;
    private final boolean[] known;

    /** The pixels of the next larger size. */
    private interface Samples {
        boolean known(int x, int y);

        int sample(int x, int y, int channel);
    }

    private HiddenColours(int width, int height) {
        this.width = width;
        this.height = height;
        rgb = new char[3 * width * height];
        known = new boolean[width * height];
    }

    /** The same object where no pixel, or each one, is hidden. */
    static Image filled(Image image, Image opacity) {
        if (opacity == null || !someHidden(opacity)) return image;
        int w = image.width(), h = image.height();
        HiddenColours half = halved(w, h, new Samples() {
            @Override public boolean known(int x, int y) { return isVisible(opacity, y * w + x); }

            @Override public int sample(int x, int y, int channel) { return image.sample(3 * (y * w + x) + channel); }
        });
        if (!half.fill()) return image;
        byte[] high = image.rgb().clone(), low = image.low() == null ? null : image.low().clone();
        for (int p = 0; p < w * h; p++) {
            if (isVisible(opacity, p)) continue;
            for (int c = 0; c < 3; c++) {
                int v = half.at(p % w, p / w, c);
                if (low == null) high[3 * p + c] = (byte) v;
                else Image.put(v, high, low, 3 * p + c);
            }
        }
        return Image.of(w, h, high, low);
    }

    private static boolean someHidden(Image opacity) {
        for (int p = 0; p < opacity.width() * opacity.height(); p++) if (!isVisible(opacity, p)) return true;
        return false;
    }

    private static boolean isVisible(Image opacity, int pixel) { return opacity.sample(3 * pixel) != 0; }

    private static HiddenColours halved(int w, int h, Samples from) {
        HiddenColours half = new HiddenColours((w + 1) / 2, (h + 1) / 2);
        for (int p = 0; p < half.known.length; p++) {
            int left = p % half.width * 2, top = p / half.width * 2, count = 0;
            int[] sums = new int[3];
            for (int y = top; y < Math.min(top + 2, h); y++) for (int x = left; x < Math.min(left + 2, w); x++) {
                if (!from.known(x, y)) continue;
                count++;
                for (int c = 0; c < 3; c++) sums[c] += from.sample(x, y, c);
            }
            half.known[p] = count > 0;
            for (int c = 0; c < 3 && count > 0; c++) half.rgb[3 * p + c] = (char) ((sums[c] + count / 2) / count);
        }
        return half;
    }

    /** Fills the unknown pixels. Whether any was known. */
    private boolean fill() {
        if (width == 1 && height == 1) return known[0];
        HiddenColours half = halved(width, height, new Samples() {
            @Override public boolean known(int x, int y) { return known[y * width + x]; }

            @Override public int sample(int x, int y, int channel) { return rgb[3 * (y * width + x) + channel]; }
        });
        if (!half.fill()) return false;
        for (int p = 0; p < known.length; p++) {
            for (int c = 0; c < 3 && !known[p]; c++) rgb[3 * p + c] = (char) half.at(p % width, p / width, c);
        }
        return true;
    }

    /** The sample at the centre of a pixel of the next larger size: 9, 3, 3 and 1 of 16 parts of the four nearest ones. */
    private int at(int x, int y, int channel) {
        int nearX = x / 2, nearY = y / 2;
        int farX = Math.clamp(nearX + (x % 2 == 0 ? -1 : 1), 0, width - 1), farY = Math.clamp(nearY + (y % 2 == 0 ? -1 : 1), 0, height - 1);
        return (9 * get(nearX, nearY, channel) + 3 * get(farX, nearY, channel) + 3 * get(nearX, farY, channel) + get(farX, farY, channel) + 8) / 16;
    }

    private int get(int x, int y, int channel) { return rgb[3 * (y * width + x) + channel]; }
}
