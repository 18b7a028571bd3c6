package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/** Colour difference CIEDE2000 of the pixels, from sRGB by the numbers of scikit-image. */
public record ColourDifference(Figure figure) implements Measure {
    /** What is said about all pixels' differences. */
    public enum Figure {
        MEAN, MAX,
        /** The 95th percentile. */
        P95
    }

    @Override public String name() { return "deltae2000" + (figure == Figure.MEAN ? "" : "-" + figure.name().toLowerCase(Locale.ROOT)); }

    @Override public Better better() { return Better.LOWER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSizes(this, image, reference);
        Image x = image.to8Bits(), y = reference.to8Bits();
        double[] all = new double[x.width() * x.height()];
        IntStream.range(0, all.length).parallel().forEach(i -> all[i] = CieLab.difference(CieLab.of(x, i), CieLab.of(y, i)));
        if (figure == Figure.MEAN) return Arrays.stream(all).sum() / all.length;
        Arrays.sort(all);
        double at = (figure == Figure.MAX ? 1 : 0.95) * (all.length - 1);
        int below = (int) at;
        return all[below] + (at - below) * (all[Math.min(below + 1, all.length - 1)] - all[below]);
    }
}
