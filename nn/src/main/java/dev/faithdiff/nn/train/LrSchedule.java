package dev.faithdiff.nn.train;

/** The factor on the learning rate at each step, counted from 0 (diffusers get_scheduler). */
@FunctionalInterface
public interface LrSchedule {
    double factor(long step);

    /** Rises linearly to 1 during the warm-up and stays there. */
    static LrSchedule constant(long warmup) { return step -> step < warmup ? (double) step / warmup : 1; }

    /** Rises linearly to 1 during the warm-up, then falls along half a cosine to 0 at {@code total}. */
    static LrSchedule cosine(long warmup, long total) {
        return step -> {
            if (step < warmup) return (double) step / warmup;
            double progress = (double) (Math.min(step, total) - warmup) / Math.max(1, total - warmup);
            return 0.5 * (1 + Math.cos(Math.PI * progress));
        };
    }
}
