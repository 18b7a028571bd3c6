package dev.faithdiff.degrade;

import dev.faithdiff.degrade.Dice.Range;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** How a clean photo becomes a small bad one: random losses in order, the last of which fits the wanted size. */
public record Recipe(String name, List<Step> steps) {
    /** What the small default model is measured with; nothing in it is random but the noise. */
    public static final Recipe MINI = new Recipe("mini", List.of(
            new Step.GaussianBlur(1.2),
            new Step.Fit(Interpolation.AREA),
            new Step.AddNoise(1, only(5), only(0), 0),
            new Step.Compress(only(75))));

    /** Real-ESRGAN's two rounds of losses (Wang et al., 2021) in the ranges of FaithDiff's train_kernel.yml. */
    public static final Recipe PUBLISHED = new Recipe("published", List.of(
            new Blur(1, 0.1, new Range(0.2, 3)),
            new Step.Rescale(0.2, 0.7, 0.1, new Range(0.3, 1.5), false),
            new Step.AddNoise(0.5, new Range(1, 15), new Range(0.05, 2), 0.4),
            new Step.Compress(new Range(60, 95)),
            new Blur(0.5, 0.1, new Range(0.2, 1.5)),
            new Step.Rescale(0.3, 0.4, 0.3, new Range(0.6, 1.2), true),
            new Step.AddNoise(0.5, new Range(1, 12), new Range(0.05, 1), 0.4),
            new Step.Finish(0.8, new Range(60, 100))));

    /** Our own mild preset, not the paper's Level I, whose numbers are not published: a reduction and a light JPEG. */
    public static final Recipe LEVEL1 = new Recipe("level1", List.of(
            new Step.Fit(Interpolation.AREA),
            new Step.Compress(new Range(85, 95))));

    /** Our own middle preset, not the paper's Level II: one round with the published first blur and second noise and JPEG. */
    public static final Recipe LEVEL2 = new Recipe("level2", List.of(
            new Blur(1, 0.1, new Range(0.2, 3)),
            new Step.Rescale(0.3, 0.4, 0.3, new Range(0.6, 1.2), true),
            new Step.AddNoise(0.5, new Range(1, 12), new Range(0.05, 1), 0.4),
            new Step.Finish(0, new Range(60, 95))));

    /** Our own strong preset, not the paper's Level III: two rounds in the wider ranges of Real-ESRGAN's own training. */
    public static final Recipe LEVEL3 = new Recipe("level3", List.of(
            new Blur(1, 0.1, new Range(0.2, 3)),
            new Step.Rescale(0.2, 0.7, 0.1, new Range(0.15, 1.5), false),
            new Step.AddNoise(0.5, new Range(1, 30), new Range(0.05, 3), 0.4),
            new Step.Compress(new Range(30, 95)),
            new Blur(0.8, 0.1, new Range(0.2, 1.5)),
            new Step.Rescale(0.3, 0.4, 0.3, new Range(0.3, 1.2), true),
            new Step.AddNoise(0.5, new Range(1, 25), new Range(0.05, 2.5), 0.4),
            new Step.Finish(0.8, new Range(30, 95))));

    public static final List<Recipe> ALL = List.of(MINI, PUBLISHED, LEVEL1, LEVEL2, LEVEL3);

    /**
     * The recipe of a name, or of losses in their order, such as {@code blur:2+noise:5+jpeg:50}: sigma in pixels, of the good photo or, behind other
     * losses, of the small one; sigma in 8-bit levels; quality. Photos are made smaller behind the blurs that come first.
     *
     * @throws IllegalArgumentException in one line if there is no such recipe or loss, or a value is out of range
     */
    public static Recipe named(String name) {
        if (name.contains(":")) return ofLosses(name);
        for (Recipe recipe : ALL) if (recipe.name.equals(name)) return recipe;
        String names = ALL.stream().map(Recipe::name).collect(Collectors.joining(", "));
        throw new IllegalArgumentException("there is no recipe " + name + ", only " + names);
    }

    private static Recipe ofLosses(String text) {
        List<Step> steps = new ArrayList<>();
        boolean isFitted = false;
        for (String term : text.split("\\+", -1)) {
            String[] parts = term.split(":", -1);
            double value = parts.length == 2 && parts[1].matches("\\d{1,3}(\\.\\d{1,6})?") ? Double.parseDouble(parts[1]) : Double.NaN;
            if (!isFitted && !parts[0].equals("blur")) isFitted = steps.add(new Step.Fit(Interpolation.AREA));
            switch (parts[0]) {
                case "blur" -> {
                    check(term, value >= 0 && value <= 50, "0 to 50");
                    if (value > 0) steps.add(new Step.GaussianBlur(value));
                }
                case "noise" -> {
                    check(term, value >= 0 && value <= 255, "0 to 255");
                    steps.add(new Step.AddNoise(1, only(value), only(0), 0));
                }
                case "jpeg" -> {
                    check(term, value >= 1 && value <= 100, "1 to 100");
                    steps.add(new Step.Compress(only(value)));
                }
                default -> throw new IllegalArgumentException("there is no loss '" + parts[0] + "', only blur, noise and jpeg");
            }
        }
        if (!isFitted) steps.add(new Step.Fit(Interpolation.AREA));
        return new Recipe(text, steps);
    }

    private static void check(String term, boolean holds, String range) {
        if (!holds) throw new IllegalArgumentException("'" + term + "' must have a number from " + range);
    }

    /** Where the numbers come from, in words. */
    public String origin() {
        return switch (name) {
            case "mini" -> "what the small default model is measured with";
            case "published" -> "the ranges of FaithDiff's training";
            case "level1", "level2", "level3" -> "a guess of this program's, not calibrated: the paper does not give its levels";
            default -> "its own numbers";
        };
    }

    /**
     * The bad photo, its sides {@code scale} times shorter, rounded down; the same seed gives the same one.
     *
     * @throws ImageError if nothing is left of a side
     */
    public Image degrade(Image clean, int scale, long seed) {
        return degrade(FloatImage.of(clean), scale, Dice.seeded(seed)).toImage();
    }

    /** The bad photo before it is rounded and clamped. @throws ImageError if nothing is left of a side */
    public FloatImage degrade(FloatImage clean, int scale, Dice dice) {
        if (scale < 1) throw new IllegalArgumentException("the scale is a whole number from 1, not " + scale);
        if (Math.min(clean.width(), clean.height()) < scale) {
            throw new ImageError("a photo of " + clean.width() + "x" + clean.height() + " cannot be made " + scale + " times smaller");
        }
        FloatImage out = clean;
        for (Step step : steps) out = step.apply(out, (double) clean.width() / scale, (double) clean.height() / scale, dice);
        return out;
    }

    private static Range only(double value) { return new Range(value, value); }
}
