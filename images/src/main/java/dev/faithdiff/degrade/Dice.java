package dev.faithdiff.degrade;

import dev.faithdiff.tensor.Mt19937;
import dev.faithdiff.tensor.Rng;
import java.util.List;

/** The chances of a degradation, all from one generator, whose seed decides them. */
public record Dice(Mt19937 rng) {
    /** Where a number is drawn from, uniformly. */
    public record Range(double low, double high) {}

    public static Dice seeded(long seed) { return new Dice(Rng.cpu(seed)); }

    double in(Range range) { return range.low + (range.high - range.low) * uniform(); }

    boolean chance(double probability) { return uniform() < probability; }

    <T> T pick(List<T> equallyLikely) { return equallyLikely.get((int) (uniform() * equallyLikely.size())); }

    /** An index, as likely as its weight. */
    int pick(double... weights) {
        double total = 0;
        for (double w : weights) total += w;
        double left = uniform() * total;
        int last = weights.length - 1;
        for (int i = 0; i < last; i++) {
            left -= weights[i];
            if (left < 0) return i;
        }
        return last;
    }

    private double uniform() { return rng.randDoubles(1)[0]; }
}
