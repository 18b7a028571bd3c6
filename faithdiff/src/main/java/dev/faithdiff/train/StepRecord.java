package dev.faithdiff.train;

/**
 * One step in the log.
 *
 * @param step         steps done in the stage, this one included
 * @param total        steps done in all stages
 * @param rate         learning rate of the first group
 * @param norm         of all gradients before clipping
 * @param waitMillis   time that the step waited for its photos
 * @param peakBytes    most device memory ever held
 */
public record StepRecord(int stage, String objective, long step, long total, double loss, double rate, double norm, double imagesPerSecond,
        double waitMillis, long peakBytes) implements JsonLines.AtStep {}
