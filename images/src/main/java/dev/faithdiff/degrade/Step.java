package dev.faithdiff.degrade;

import dev.faithdiff.degrade.Dice.Range;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.file.Jpeg;
import java.util.List;

/** One random loss of a {@link Recipe}; the wanted size in pixels is the clean one divided by the scale, with its fraction. */
public sealed interface Step permits Blur, Step.GaussianBlur, Step.Rescale, Step.Fit, Step.AddNoise, Step.Compress, Step.Finish {
    List<Interpolation> MODES = List.of(Interpolation.AREA, Interpolation.BILINEAR, Interpolation.BICUBIC);

    FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice);

    /** A round Gaussian of a sigma in pixels, cut off after four of them. */
    record GaussianBlur(double sigma) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            return BlurKernel.gaussian(2 * (int) Math.ceil(4 * sigma) + 1, sigma, sigma, 0).apply(in);
        }
    }

    /**
     * Enlarges, reduces or keeps the size, with the given chances, by a factor from 1 to the range's end or from its start to 1, of
     * the size the image has or of the wanted one.
     */
    record Rescale(double up, double down, double keep, Range factors, boolean ofWanted) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            double factor = switch (dice.pick(up, down, keep)) {
                case 0 -> dice.in(new Range(1, factors.high()));
                case 1 -> dice.in(new Range(factors.low(), 1));
                default -> 1;
            };
            Interpolation mode = dice.pick(MODES);
            return ofWanted ? fit(in, wantedWidth * factor, wantedHeight * factor, mode) : mode.byFactor(in, factor);
        }
    }

    /** Resizes to the wanted size. */
    record Fit(Interpolation mode) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            return fit(in, wantedWidth, wantedHeight, mode);
        }
    }

    /** Gaussian noise with a sigma in 8-bit levels, else photon noise of a strength; in a pixel's channels alike by chance. */
    record AddNoise(double gaussian, Range sigmas, Range strengths, double grey) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            boolean isGaussian = dice.chance(gaussian), isGrey = dice.chance(grey);
            double amount = dice.in(isGaussian ? sigmas : strengths);
            if (!isGaussian) return Noise.poisson(in, amount, isGrey, dice.rng());
            return Noise.gaussian(in, amount, dice.rng().randn(in.rgb().length / (isGrey ? 3 : 1)));
        }
    }

    /** A real JPEG file's loss, 8-bit rounding included. */
    record Compress(Range qualities) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            return FloatImage.of(Jpeg.compressed(in.toImage(), dice.in(qualities)));
        }
    }

    /** Fits the wanted size, rings by chance (a sinc filter) and compresses, the latter first or last. */
    record Finish(double sinc, Range qualities) implements Step {
        @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
            Step compress = new Compress(qualities);
            boolean compressFirst = !dice.chance(0.5);
            FloatImage out = compressFirst ? compress.apply(in, wantedWidth, wantedHeight, dice) : in;
            out = fit(out, wantedWidth, wantedHeight, dice.pick(MODES));
            if (dice.chance(sinc)) {
                out = BlurKernel.sinc(dice.pick(Blur.SIZES), dice.in(new Range(Math.PI / 3, Math.PI))).apply(out);
            }
            return compressFirst ? out : compress.apply(out, wantedWidth, wantedHeight, dice);
        }
    }

    private static FloatImage fit(FloatImage in, double width, double height, Interpolation mode) {
        return mode.toSize(in, Math.max((int) width, 1), Math.max((int) height, 1));
    }
}
