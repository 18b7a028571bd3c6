package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/** Peak signal-to-noise ratio in dB as pyiqa computes it: 10 log10(1 / (mean squared error + 1e-8)), so 80 for equal images. */
public record Psnr(Channels channels) implements Measure {
    @Override public String name() { return "psnr-" + channels; }

    @Override public Better better() { return Better.HIGHER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        float[][] x = channels.planes(image), y = channels.planes(reference);
        double sum = 0;
        for (int c = 0; c < x.length; c++) {
            for (int i = 0; i < x[c].length; i++) sum += ((double) x[c][i] - y[c][i]) * ((double) x[c][i] - y[c][i]);
        }
        return 10 * Math.log10(1 / (sum / (x.length * (long) x[0].length) + 1e-8));
    }
}
