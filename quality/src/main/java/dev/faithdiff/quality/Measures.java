package dev.faithdiff.quality;

import java.util.List;

/** The one list of measures. */
public final class Measures {
    /**
     * A measure, and why it cannot be used here.
     *
     * @param missing null if it can be used; else the reason in words, such as the file of weights that is looked for. Its {@code of} then
     *                throws that as a {@link MeasureError}.
     */
    public record Entry(Measure measure, String missing) {}

    private Measures() {}

    /** All measures: those without weights, then those of networks. */
    public static List<Entry> all() { return List.of(); }
}
