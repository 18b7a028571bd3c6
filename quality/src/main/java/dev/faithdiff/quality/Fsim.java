package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * Feature similarity with colour (Zhang et al. 2011, "FSIM: a feature similarity index for image quality assessment"; FSIMc), 1 for equal images:
 * phase congruency, gradients and the two colour planes of YIQ, where large images are shrunk to a shorter side of about 256 pixels.
 *
 * @param isChromatic whether colour counts; else it is the paper's FSIM
 */
public record Fsim(boolean isChromatic) implements Measure {
    private static final double[][] YIQ = {{0.299, 0.587, 0.114}, {0.5959, -0.2746, -0.3213}, {0.2115, -0.5227, 0.3112}};
    private static final double T1 = 0.85, T2 = 160, T3 = 200, COLOUR_POWER = 0.03;
    private static final int SIDE = 256;

    @Override public String name() { return isChromatic ? "fsim" : "fsim-grey"; }

    @Override public Better better() { return Better.HIGHER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        MeasureError.checkSide(this, image, 2);
        int n = Math.max(1, (int) Math.rint(Math.min(image.width(), image.height()) / (double) SIDE));
        int w = image.width() / n, h = image.height() / n;
        double[][] x = planes(image, n), y = planes(reference, n);
        PhaseCongruency congruency = new PhaseCongruency(w, h);
        double[] phaseX = congruency.of(x[0]), phaseY = congruency.of(y[0]);
        double[] gradientX = Maps.gradient(x[0], w, h, 3 / 16.0, 10 / 16.0, 0), gradientY = Maps.gradient(y[0], w, h, 3 / 16.0, 10 / 16.0, 0);
        double sum = 0, weights = 0;
        for (int i = 0; i < phaseX.length; i++) {
            double weight = Math.max(phaseX[i], phaseY[i]);
            double alike = Maps.similarity(phaseX[i], phaseY[i], T1) * Maps.similarity(gradientX[i], gradientY[i], T2);
            if (isChromatic) alike *= Math.pow(Math.abs(Maps.similarity(x[1][i], y[1][i], T3) * Maps.similarity(x[2][i], y[2][i], T3)), COLOUR_POWER);
            sum += alike * weight;
            weights += weight;
        }
        return sum / weights;
    }

    private static double[][] planes(Image image, int n) {
        float[][] rgb = Channels.RGB.planes(image);
        double[][] planes = new double[3][];
        for (int c = 0; c < 3; c++) {
            double[] plane = new double[rgb[0].length];
            for (int i = 0; i < plane.length; i++) plane[i] = 255 * (YIQ[c][0] * rgb[0][i] + YIQ[c][1] * rgb[1][i] + YIQ[c][2] * rgb[2][i]);
            planes[c] = Maps.pool(plane, image.width(), image.height(), n);
        }
        return planes;
    }
}
