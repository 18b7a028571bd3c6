package dev.faithdiff.kernels.lab;

import dev.faithdiff.kernels.cpu.Tuning;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** Searches the sizes of blocks with which this machine is fastest, one size after another. */
public final class Tuner {
    private static final int TURNS = 3;
    private static final double LEAST_GAIN = 0.98;

    /** The seconds that a process with these percentages needs for its work. */
    public interface Trial {
        double seconds(Map<Tuning, Integer> percents);
    }

    private final Trial trial;
    private final Consumer<String> progress;
    private long longest; // nanoseconds of a turn

    public Tuner(Trial trial, Consumer<String> progress) {
        this.trial = trial;
        this.progress = progress;
    }

    /**
     * The percentages other than 100 that are better. A change is kept if it was faster than what stood before in each of several turns, and by at
     * least 2 % in their mean.
     *
     * @param nanos the search takes no longer: it ends where the next turn would not, if it were as long as the longest one
     */
    public Map<Tuning, Integer> best(long nanos) {
        long begin = System.nanoTime();
        Map<Tuning, Integer> best = new EnumMap<>(Tuning.class);
        for (Tuning size : Tuning.values()) {
            for (int percent : size.tried) {
                Map<Tuning, Integer> changed = new EnumMap<>(best);
                changed.put(size, percent);
                double ratio = ratio(changed, best, begin, nanos);
                if (Double.isNaN(ratio)) return best;
                String verdict = ratio < 1 ? "%.3f of the time".formatted(ratio) : "not faster";
                progress.accept(Tuning.shown(Map.of(size, percent)) + ": " + verdict);
                if (ratio <= LEAST_GAIN) best = changed;
            }
        }
        return best;
    }

    /** The mean ratio of times, 1 as soon as a turn is not faster, or NaN if time is up. */
    private double ratio(Map<Tuning, Integer> changed, Map<Tuning, Integer> before, long begin, long nanos) {
        double sum = 0;
        for (int i = 0; i < TURNS; i++) {
            long start = System.nanoTime();
            if (start - begin + longest >= nanos) return Double.NaN;
            double ratio = trial.seconds(changed) / trial.seconds(before);
            longest = Math.max(longest, System.nanoTime() - start);
            if (ratio >= 1) return 1;
            sum += ratio;
        }
        return sum / TURNS;
    }
}
