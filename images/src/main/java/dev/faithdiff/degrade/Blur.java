package dev.faithdiff.degrade;

import dev.faithdiff.degrade.Dice.Range;
import dev.faithdiff.image.FloatImage;
import java.util.List;

/**
 * Blurs by chance with a kernel of a random size, kind and strength in pixels, or, as likely as {@code sinc}, with one that
 * rings; the kinds are as in FaithDiff's train_kernel.yml.
 */
public record Blur(double probability, double sinc, Range sigmas) implements Step {
    /** Kernel sizes in pixels. */
    static final List<Integer> SIZES = List.of(7, 9, 11, 13, 15, 17, 19, 21);
    /** Gaussian, Gaussian turned, generalized, generalized turned, plateau, plateau turned. */
    private static final double[] KINDS = {0.45, 0.25, 0.12, 0.03, 0.12, 0.03};
    private static final Range ANGLES = new Range(-Math.PI, Math.PI);

    @Override public FloatImage apply(FloatImage in, double wantedWidth, double wantedHeight, Dice dice) {
        return dice.chance(probability) ? kernel(dice).apply(in) : in;
    }

    private BlurKernel kernel(Dice dice) {
        int size = dice.pick(SIZES);
        if (dice.chance(sinc)) return BlurKernel.sinc(size, dice.in(new Range(size < 13 ? Math.PI / 3 : Math.PI / 5, Math.PI)));
        int kind = dice.pick(KINDS);
        boolean turned = kind % 2 == 1;
        double x = dice.in(sigmas), y = turned ? dice.in(sigmas) : x, theta = turned ? dice.in(ANGLES) : 0;
        return switch (kind / 2) {
            case 0 -> BlurKernel.gaussian(size, x, y, theta);
            case 1 -> BlurKernel.generalized(size, x, y, theta, dice.in(dice.chance(0.5) ? new Range(0.5, 1) : new Range(1, 4)));
            default -> BlurKernel.plateau(size, x, y, theta, dice.chance(0.5) ? 1 : dice.in(new Range(1, 2)));
        };
    }
}
