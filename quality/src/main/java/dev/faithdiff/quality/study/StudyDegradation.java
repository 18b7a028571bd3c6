package dev.faithdiff.quality.study;

import dev.faithdiff.degrade.Dice.Range;
import dev.faithdiff.degrade.Interpolation;
import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.degrade.Step;
import dev.faithdiff.image.Image;
import java.util.ArrayList;
import java.util.List;

/**
 * How good photos become bad ones in a study.
 *
 * @param name   as the study file has it, with one value
 * @param axis   what varies where the file lists several values: blur, noise or jpeg; null: nothing does
 * @param value  of what varies; NaN: nothing does
 * @param recipe null: photos are only made smaller
 */
public record StudyDegradation(String name, String axis, double value, Recipe recipe) {
    static final String NONE = "none";

    /**
     * Reads the name of a {@link Recipe}, {@code none}, or losses in their order, such as {@code blur:2+noise:5+jpeg:50}: sigma in pixels of the
     * good photo, sigma in 8-bit levels, quality. Photos are made smaller behind the blurs that come first. One of the losses may list several
     * values, {@code blur:0,1,2}: one degradation for each.
     *
     * @throws IllegalArgumentException in one line if a loss is unknown or its value out of range
     */
    static List<StudyDegradation> of(String text) {
        if (text.equals(NONE)) return List.of(new StudyDegradation(NONE, null, Double.NaN, null));
        if (!text.contains(":")) return List.of(new StudyDegradation(text, null, Double.NaN, Recipe.named(text)));
        String[] terms = text.split("\\+", -1);
        int varied = -1;
        for (int i = 0; i < terms.length; i++) {
            if (!terms[i].contains(",")) continue;
            if (varied >= 0) throw new IllegalArgumentException("a degradation varies one thing at a time, not " + text);
            varied = i;
        }
        if (varied < 0) return List.of(of(text, terms, null));
        List<StudyDegradation> all = new ArrayList<>();
        String axis = terms[varied].split(":", 2)[0];
        for (String value : terms[varied].split(":", 2)[1].split(",", -1)) {
            String[] one = terms.clone();
            one[varied] = axis + ":" + value;
            StudyDegradation d = of(String.join("+", one), one, axis);
            all.add(new StudyDegradation(d.name, axis, Double.parseDouble(value), d.recipe));
        }
        return all;
    }

    private static StudyDegradation of(String name, String[] terms, String axis) {
        List<Step> steps = new ArrayList<>();
        boolean isFitted = false;
        for (String term : terms) {
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
                    steps.add(new Step.AddNoise(1, new Range(value, value), new Range(0, 0), 0));
                }
                case "jpeg" -> {
                    check(term, value >= 1 && value <= 100, "1 to 100");
                    steps.add(new Step.Compress(new Range(value, value)));
                }
                default -> throw new IllegalArgumentException("there is no loss '" + parts[0] + "', only blur, noise and jpeg");
            }
        }
        if (!isFitted) steps.add(new Step.Fit(Interpolation.AREA));
        return new StudyDegradation(name, axis, Double.NaN, new Recipe(name, steps));
    }

    private static void check(String term, boolean holds, String range) {
        if (!holds) throw new IllegalArgumentException("'" + term + "' must have a number from " + range);
    }

    /** The bad photo, its sides {@code scale} times shorter. */
    Image degrade(Image clean, int scale, long seed) {
        if (recipe != null) return recipe.degrade(clean, scale, seed);
        return scale == 1 ? clean : new Recipe(NONE, List.of(new Step.Fit(Interpolation.AREA))).degrade(clean, scale, seed);
    }

    /** Where the numbers come from, in words; null where the name says them. */
    String origin() { return recipe == null || name.contains(":") ? null : recipe.origin(); }
}
