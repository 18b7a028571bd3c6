package dev.faithdiff;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.sample.Samplers;
import java.util.Locale;

/**
 * How a photo is restored; {@link #defaults} are the published ones. Each {@code with...} gives a changed copy.
 *
 * @param scale    enlargement, 1..8
 * @param steps    denoising steps
 * @param guidance how far predictions go beyond the negative prompt's; 1 and below: no guidance; NaN: the model's own default
 * @param rescale  guidance rescale, 0..1
 * @param seed     of the random numbers: the same seed gives the same image
 * @param start    what the first latents are made of
 * @param negative negative prompt; null stands for zero states
 * @param tile     side of a U-Net tile in output pixels; larger images are denoised in overlapping tiles
 * @param stride   fraction of a tile from one to the next (the published option is called overlap)
 * @param vaeTile  side of a tile of the autoencoder and the LQ encoder in output pixels, overlapping by a quarter (published: 512); 0: no
 *                 tiles where the image fits into the free memory, which has no seams, else as large ones as do
 * @param sampler  one of {@link Samplers#names}; null: the model's own
 */
public record Options(int scale, int steps, double guidance, double rescale, long seed, Start start, String prompt, String negative,
        ColorFix colorFix, int tile, double stride, int vaeTile, String sampler) {

    /** From the low-quality image, or from noise alone. */
    public enum Start {
        LR, NOISE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    public Options {
        check(scale >= 1 && scale <= 8, "scale must be 1..8, not " + scale);
        check(steps >= 1 && steps <= 1000, "steps must be 1..1000, not " + steps);
        check(!(guidance < 0) && !Double.isInfinite(guidance), "guidance must be a number of at least 0, not " + guidance);
        check(rescale >= 0 && rescale <= 1, "guidance rescale must be 0..1, not " + rescale);
        check(tile >= 64, "the tile must be at least 64 pixels, not " + tile);
        check(stride > 0 && stride <= 1, "the stride must be above 0 and at most 1, not " + stride);
        check(vaeTile == 0 || vaeTile >= 64, "the autoencoder's tile must be 0 or at least 64 pixels, not " + vaeTile);
        check(prompt != null, "the prompt may be empty but not null");
        if (sampler != null) Samplers.named(sampler);
    }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException(rule);
    }

    public static Options defaults() {
        return new Options(4, 20, Double.NaN, 0, 42, Start.LR, "", "", ColorFix.ADAIN, 1024, 0.5, 0, null);
    }

    public Options withScale(int v) { return new Options(v, steps, guidance, rescale, seed, start, prompt, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withSteps(int v) { return new Options(scale, v, guidance, rescale, seed, start, prompt, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withGuidance(double v) { return new Options(scale, steps, v, rescale, seed, start, prompt, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withSeed(long v) { return new Options(scale, steps, guidance, rescale, v, start, prompt, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withStart(Start v) { return new Options(scale, steps, guidance, rescale, seed, v, prompt, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withPrompt(String v) { return new Options(scale, steps, guidance, rescale, seed, start, v, negative, colorFix, tile, stride, vaeTile, sampler); }

    public Options withNegative(String v) { return new Options(scale, steps, guidance, rescale, seed, start, prompt, v, colorFix, tile, stride, vaeTile, sampler); }

    public Options withColorFix(ColorFix v) { return new Options(scale, steps, guidance, rescale, seed, start, prompt, negative, v, tile, stride, vaeTile, sampler); }

    public Options withTile(int v) { return new Options(scale, steps, guidance, rescale, seed, start, prompt, negative, colorFix, v, stride, vaeTile, sampler); }

    public Options withVaeTile(int v) { return new Options(scale, steps, guidance, rescale, seed, start, prompt, negative, colorFix, tile, stride, v, sampler); }

    public Options withSampler(String v) { return new Options(scale, steps, guidance, rescale, seed, start, prompt, negative, colorFix, tile, stride, vaeTile, v); }
}
