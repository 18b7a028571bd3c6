package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/** By how much an image as a whole has another colour: the CIEDE2000 between the mean CIELAB colours. This project's own definition. */
public record ColourShift() implements Measure {
    @Override public String name() { return "colour-shift"; }

    @Override public Better better() { return Better.LOWER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        return CieLab.difference(mean(image.to8Bits()), mean(reference.to8Bits()));
    }

    private static double[] mean(Image image) {
        double[] mean = new double[3];
        int pixels = image.width() * image.height();
        for (int i = 0; i < pixels; i++) {
            double[] lab = CieLab.of(image, i);
            for (int k = 0; k < 3; k++) mean[k] += lab[k] / pixels;
        }
        return mean;
    }
}
