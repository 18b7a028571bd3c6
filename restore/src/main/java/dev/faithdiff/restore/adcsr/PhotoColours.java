package dev.faithdiff.restore.adcsr;

import dev.faithdiff.image.Image;

/** Mean and deviation of each colour of a whole image, which the result gets from the photo (AdcSR {@code test.py}). */
record PhotoColours(double[] mean, double[] deviation) {
    /** Those of values {@code [h, w, 3]}; the deviation is the unbiased one. */
    static PhotoColours of(float[] rgb) {
        double[] mean = new double[3], deviation = new double[3];
        int n = rgb.length / 3;
        for (int c = 0; c < 3; c++) {
            double sum = 0, squares = 0;
            for (int i = c; i < rgb.length; i += 3) sum += rgb[i];
            mean[c] = sum / n;
            for (int i = c; i < rgb.length; i += 3) squares += (rgb[i] - mean[c]) * (rgb[i] - mean[c]);
            deviation[c] = Math.sqrt(squares / Math.max(1, n - 1));
        }
        return new PhotoColours(mean, deviation);
    }

    /** Those of a photo, in -1..1. */
    static PhotoColours of(Image photo) { return of(photo.toFloats()); }

    /** Gives values {@code [h, w, 3]} these colours, in place. One that is the same everywhere gets the mean; the published code divides by 0. */
    void give(float[] rgb) {
        PhotoColours own = of(rgb);
        for (int c = 0; c < 3; c++) {
            double factor = own.deviation[c] == 0 ? 0 : deviation[c] / own.deviation[c];
            for (int i = c; i < rgb.length; i += 3) rgb[i] = (float) ((rgb[i] - own.mean[c]) * factor + mean[c]);
        }
    }
}
