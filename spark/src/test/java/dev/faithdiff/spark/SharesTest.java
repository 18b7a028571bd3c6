package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Shares of nearly the same cost. */
class SharesTest {
    @Test void sharesCostNearlyTheSameWhateverTheirNumberOfPhotos() {
        Random random = new Random(1);
        double[] cost = IntStream.range(0, 500).mapToDouble(_ -> Math.exp(3 * random.nextGaussian())).map(c -> Math.min(c, 400)).toArray();
        List<Integer> work = IntStream.range(0, cost.length).boxed().toList();
        List<List<Integer>> shares = Shares.of(work, cost, 12);
        assertThat(shares.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(work);
        List<Double> sums = shares.stream().map(s -> s.stream().mapToDouble(i -> cost[i]).sum()).toList();
        double mean = sums.stream().mapToDouble(s -> s).sum() / 12;
        assertThat(sums).allMatch(s -> Math.abs(s - mean) < 0.01 * mean);
        assertThat(shares.stream().map(List::size).distinct().count()).isGreaterThan(1);
        assertThat(shares).allMatch(s -> IntStream.range(1, s.size()).allMatch(i -> cost[s.get(i)] <= cost[s.get(i - 1)]));
    }

    @Test void noShareIsEmpty() {
        assertThat(Shares.of(List.of("a", "b"), new double[] {0, 0}, 9)).containsExactly(List.of("a"), List.of("b"));
        assertThat(Shares.of(List.of(), new double[0], 9)).isEmpty();
    }
}
