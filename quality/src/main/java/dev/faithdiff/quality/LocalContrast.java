package dev.faithdiff.quality;

import java.util.stream.IntStream;

/**
 * Values without their local mean, divided by their local standard deviation plus one, in Gaussian windows of 7 pixels whose border is replicated.
 *
 * @param normal    that quotient
 * @param deviation the standard deviation
 */
record LocalContrast(double[] normal, double[] deviation) {
    private static final int SIDE = 7;
    private static final double[] WEIGHTS = GaussianWindow.of(SIDE, 7 / 6.0);

    /**
     * Of a plane of levels. In even areas value and mean differ by a rounding residue only, whose sign NIQE counts; so both published ways of
     * rounding are kept.
     *
     * @param isSingle whether each stage is rounded to float32 (BasicSR); else the weights alone are, and so do not sum to one (pyiqa)
     */
    static LocalContrast of(double[] in, int w, int h, boolean isSingle) {
        double[] weights = new double[WEIGHTS.length];
        for (int k = 0; k < weights.length; k++) weights[k] = isSingle ? WEIGHTS[k] : (float) WEIGHTS[k];
        LocalContrast out = new LocalContrast(new double[in.length], new double[in.length]);
        IntStream.range(0, h).parallel().forEach(y -> {
            for (int x = 0; x < w; x++) out.put(in, w, h, x, y, weights, isSingle);
        });
        return out;
    }

    private void put(double[] in, int w, int h, int x, int y, double[] weights, boolean isSingle) {
        double mean = 0, square = 0;
        for (int k = 0; k < weights.length; k++) {
            int row = Math.clamp(y + k / SIDE - SIDE / 2, 0, h - 1), column = Math.clamp(x + k % SIDE - SIDE / 2, 0, w - 1);
            double v = in[row * w + column];
            mean += weights[k] * v;
            square += weights[k] * (isSingle ? (float) (v * v) : v * v);
        }
        int i = y * w + x;
        if (isSingle) {
            float m = (float) mean, deviation = (float) Math.sqrt(Math.abs((float) square - m * m));
            this.deviation[i] = deviation;
            normal[i] = ((float) in[i] - m) / (deviation + 1);
        } else {
            deviation[i] = Math.sqrt(Math.abs(square - mean * mean) + Math.ulp(1.0));
            normal[i] = (in[i] - mean) / (deviation[i] + 1);
        }
    }
}
