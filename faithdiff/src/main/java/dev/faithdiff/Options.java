package dev.faithdiff;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.sample.Samplers;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * How a photo is restored; {@link #defaults} are the published ones. Each {@code with...} gives a changed copy and refuses, in one line, a
 * value that breaks the option's rule.
 */
public final class Options {
    /** One option: its name, the value it has unless told otherwise, and which values it takes. */
    private record Option<T>(String name, T initial, Predicate<T> allows, String rule) {
        T of(Options o) {
            @SuppressWarnings("unchecked") T v = (T) o.changed.getOrDefault(name, initial);
            return v;
        }

        Options in(Options o, T v) {
            if (!allows.test(v)) throw new IllegalArgumentException(rule + ", not " + v);
            return new Options(o.changed, name, Objects.equals(v, initial), v);
        }
    }

    /**
     * What the first latents are: noise added to the image's own (as published), noise alone, or the image's own without noise, for models that
     * restore in one step.
     */
    public enum Start {
        LR, NOISE, PHOTO;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** A model of two stages may do with the first, which is much faster. */
    public enum Quality {
        FAST, BEST;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** Of what the network's condition is computed: of each tile alone, as published, or of the whole image, which tiles then share. */
    public enum Condition {
        TILE, IMAGE;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** What is done about an input that is hardly damaged, which a restoration harms most: nothing, a warning, or less strength. */
    public enum Guard {
        OFF, WARN, AUTO;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** Whose random numbers: PyTorch's on the CPU or on a CUDA device. */
    public enum Generator {
        CPU, CUDA;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    private static final Map<String, Option<?>> ALL = new LinkedHashMap<>();
    private static final Option<Integer> SCALE = option("scale", 4, v -> v >= 1 && v <= 8, "scale must be 1..8");
    private static final Option<Integer> STEPS = option("steps", 20, v -> v >= 1 && v <= 1000, "steps must be 1..1000");
    private static final Option<Double> GUIDANCE = option("guidance", Double.NaN, v -> !(v < 0) && !v.isInfinite(), "guidance must be a number of at least 0");
    private static final Option<Double> RESCALE = option("guidance-rescale", 0.0, Options::isShare, "guidance rescale must be 0..1");
    private static final Option<Long> SEED = option("seed", 42L, v -> true, "");
    private static final Option<Generator> RNG = option("rng", Generator.CPU, Objects::nonNull, "the generator must be cpu or cuda");
    private static final Option<Start> START = option("start", Start.LR, Objects::nonNull, "the start must be lr, noise or photo");
    private static final Option<Double> STRENGTH = option("strength", 1.0, Options::isShare, "strength must be 0..1");
    private static final Option<Double> FIDELITY = option("fidelity", 0.0, Options::isShare, "fidelity must be 0..1");
    private static final Option<Double> DETAIL = option("detail", 0.0, Options::isShare, "detail must be 0..1");
    private static final Option<Quality> QUALITY = option("quality", Quality.BEST, Objects::nonNull, "the quality must be fast or best");
    private static final Option<Guard> GUARD = option("guard", Guard.WARN, Objects::nonNull, "the guard must be off, warn or auto");
    private static final Option<String> PROMPT = option("prompt", "", Objects::nonNull, "the prompt may be empty but must be a text");
    private static final Option<String> NEGATIVE = option("negative", "", v -> true, "");
    private static final Option<ColorFix> COLOR_FIX = option("color-fix", ColorFix.ADAIN, Objects::nonNull, "the colour fix must be one of them");
    private static final Option<String> SAMPLER = option("sampler", null, v -> v == null || Samplers.named(v) != null, "");
    private static final Option<Integer> TILE = option("tile", 1024, v -> v >= 64, "the tile must be at least 64 pixels");
    private static final Option<Double> STRIDE = option("overlap", 0.5, v -> v > 0 && v <= 1, "the overlap must be above 0 and at most 1");
    private static final Option<Condition> CONDITION = option("condition", Condition.TILE, Objects::nonNull, "the condition must be tile or image");
    private static final Option<Integer> MARGIN = option("margin", 0, v -> v >= 0 && v <= 256, "the margin must be 0..256 pixels");
    private static final Option<Integer> VAE_TILE = option("vae-tile", 0, v -> v == 0 || v >= 64, "the autoencoder's tile must be 0 or at least 64 pixels");

    private static final Options DEFAULTS = new Options(Map.of(), "", true, null);

    /** Values that are not the initial ones. */
    private final Map<String, Object> changed;

    private Options(Map<String, Object> before, String name, boolean initial, Object v) {
        changed = new HashMap<>(before);
        if (initial) changed.remove(name);
        else changed.put(name, v);
    }

    private static <T> Option<T> option(String name, T initial, Predicate<T> allows, String rule) {
        Option<T> o = new Option<>(name, initial, allows, rule);
        ALL.put(name, o);
        return o;
    }

    private static boolean isShare(double v) { return v >= 0 && v <= 1; }

    public static Options defaults() { return DEFAULTS; }

    /** Enlargement, 1..8. */
    public int scale() { return SCALE.of(this); }

    public Options withScale(int v) { return SCALE.in(this, v); }

    /** Denoising steps, 1..1000. */
    public int steps() { return STEPS.of(this); }

    public Options withSteps(int v) { return STEPS.in(this, v); }

    /** How far predictions go beyond the negative prompt's; 1 and below: no guidance; NaN: the model's own default. */
    public double guidance() { return GUIDANCE.of(this); }

    public Options withGuidance(double v) { return GUIDANCE.in(this, v); }

    /** Guidance rescale, 0..1. */
    public double rescale() { return RESCALE.of(this); }

    public Options withRescale(double v) { return RESCALE.in(this, v); }

    /** Seed of the random numbers: the same seed gives the same image. */
    public long seed() { return SEED.of(this); }

    public Options withSeed(long v) { return SEED.in(this, v); }

    /** Whose random numbers are drawn, on any device. */
    public Generator rng() { return RNG.of(this); }

    public Options withRng(Generator v) { return RNG.in(this, v); }

    /** What the first latents are made of. */
    public Start start() { return START.of(this); }

    public Options withStart(Start v) { return START.in(this, v); }

    /** How far from the input denoising starts, 0..1: 1 as published, 0 gives the enlarged input back. */
    public double strength() { return STRENGTH.of(this); }

    public Options withStrength(double v) { return STRENGTH.in(this, v); }

    /** How much of the result's frequencies, lowest first, is the enlarged input's, 0..1: 0 as published, 1 gives the enlarged input back. */
    public double fidelity() { return FIDELITY.of(this); }

    public Options withFidelity(double v) { return FIDELITY.in(this, v); }

    /**
     * How much of the result's frequencies, highest first, is the first stage's, 0..1: 0 none, 1 gives the first stage's result. For models
     * of two stages.
     */
    public double detail() { return DETAIL.of(this); }

    public Options withDetail(double v) { return DETAIL.in(this, v); }

    /** Whether both stages are wanted of a model that has two. */
    public Quality quality() { return QUALITY.of(this); }

    public Options withQuality(Quality v) { return QUALITY.in(this, v); }

    /** What is done about an input that is hardly damaged. */
    public Guard guard() { return GUARD.of(this); }

    public Options withGuard(Guard v) { return GUARD.in(this, v); }

    public String prompt() { return PROMPT.of(this); }

    public Options withPrompt(String v) { return PROMPT.in(this, v); }

    /** Negative prompt; null stands for zero states. */
    public String negative() { return NEGATIVE.of(this); }

    public Options withNegative(String v) { return NEGATIVE.in(this, v); }

    /** How colours are brought back to the input's. */
    public ColorFix colorFix() { return COLOR_FIX.of(this); }

    public Options withColorFix(ColorFix v) { return COLOR_FIX.in(this, v); }

    /** One of {@link Samplers#names}; null: the model's own. */
    public String sampler() { return SAMPLER.of(this); }

    public Options withSampler(String v) { return SAMPLER.in(this, v); }

    /** Side of a U-Net tile in output pixels; larger images are denoised in overlapping tiles. */
    public int tile() { return TILE.of(this); }

    public Options withTile(int v) { return TILE.in(this, v); }

    /** Fraction of a tile from one to the next (the published option is called overlap). */
    public double stride() { return STRIDE.of(this); }

    public Options withStride(double v) { return STRIDE.in(this, v); }

    /** Of what the features that guide a tile are normalised: of the tile, as published, or of the whole image. */
    public Condition condition() { return CONDITION.of(this); }

    public Options withCondition(Condition v) { return CONDITION.in(this, v); }

    /** How many output pixels of the photo's mirror image the networks see beyond each edge, which otherwise are zeros to them; 0 as published. */
    public int margin() { return MARGIN.of(this); }

    public Options withMargin(int v) { return MARGIN.in(this, v); }

    /**
     * Side of a tile of the autoencoder and the LQ encoder in output pixels, overlapping by a quarter (published: 512); 0: no tiles where
     * the image fits into the free memory, which has no seams, else as large ones as do.
     */
    public int vaeTile() { return VAE_TILE.of(this); }

    public Options withVaeTile(int v) { return VAE_TILE.in(this, v); }

    /** Every option's name and value, in one order. */
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        ALL.forEach((name, option) -> values.put(name, option.of(this)));
        return values;
    }

    @Override public boolean equals(Object o) { return o instanceof Options other && changed.equals(other.changed); }

    @Override public int hashCode() { return changed.hashCode(); }

    @Override public String toString() { return values().toString(); }
}
