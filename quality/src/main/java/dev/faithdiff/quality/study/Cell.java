package dev.faithdiff.quality.study;

import java.util.Map;

/**
 * One system's result of one bad photo, as a line of {@code cells.jsonl}.
 *
 * @param values  of the measures, by name
 * @param missing why a measure has no value, by its name
 * @param failure why there is no result, in one line; null: there is one
 * @param bad     what the guard says of the bad photo
 * @param cost    null if there is no result
 */
record Cell(Key key, Map<String, Double> values, Map<String, String> missing, String failure, Bad bad, Cost cost) {
    /** What tells a study's cells apart. */
    record Key(String system, String degradation, String photo, long seed) {}

    /** The damage that the guard sees, in words, and whether it counts as hardly any. */
    record Bad(String damage, boolean isMild) {}

    /**
     * What the result took.
     *
     * @param isFirst   whether the first of the times is the first one since the system was opened, and holds what is done once
     * @param millis    of each repetition
     * @param peakBytes the process's peak meanwhile
     */
    record Cost(boolean isFirst, double[] millis, long peakBytes) {}
}
