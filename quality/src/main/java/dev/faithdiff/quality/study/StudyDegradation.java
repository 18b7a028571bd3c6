package dev.faithdiff.quality.study;

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
     * Reads the name of a {@link Recipe} or its losses, or {@code none}. One of the losses may list several values, {@code blur:0,1,2}: one
     * degradation for each.
     *
     * @throws IllegalArgumentException in one line if a name or loss is unknown or its value out of range
     */
    static List<StudyDegradation> of(String text) {
        if (text.equals(NONE)) return List.of(new StudyDegradation(NONE, null, Double.NaN, null));
        String[] terms = text.split("\\+", -1);
        int varied = -1;
        for (int i = 0; i < terms.length; i++) {
            if (!terms[i].matches(".*:.*,.*")) continue;
            if (varied >= 0) throw new IllegalArgumentException("a degradation varies one thing at a time, not " + text);
            varied = i;
        }
        if (varied < 0) return List.of(new StudyDegradation(text, null, Double.NaN, Recipe.named(text)));
        List<StudyDegradation> all = new ArrayList<>();
        String axis = terms[varied].split(":", 2)[0];
        for (String value : terms[varied].split(":", 2)[1].split(",", -1)) {
            String[] one = terms.clone();
            one[varied] = axis + ":" + value;
            Recipe recipe = Recipe.named(String.join("+", one));
            all.add(new StudyDegradation(recipe.name(), axis, Double.parseDouble(value), recipe));
        }
        return all;
    }

    /** The bad photo, its sides {@code scale} times shorter. */
    Image degrade(Image clean, int scale, long seed) {
        if (recipe != null) return recipe.degrade(clean, scale, seed);
        return scale == 1 ? clean : new Recipe(NONE, List.of(new Step.Fit(Interpolation.AREA))).degrade(clean, scale, seed);
    }

    /** Where the numbers come from, in words; null where the name says them. */
    String origin() { return recipe == null || name.contains(":") ? null : recipe.origin(); }
}
