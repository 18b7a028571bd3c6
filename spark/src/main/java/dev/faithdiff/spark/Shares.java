package dev.faithdiff.spark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/** Deals work into shares of nearly the same cost: the costliest first, each to the share that has least (Graham 1969). */
final class Shares {
    private static final class Share<T> {
        private final int number;
        private final List<T> work = new ArrayList<>();
        private double cost;

        Share(int number) { this.number = number; }
    }

    private Shares() {}

    /**
     * @param cost of each piece of work, at least 0
     * @param most shares; there are no empty ones
     * @return in each share the costliest first
     */
    static <T> List<List<T>> of(List<T> work, double[] cost, int most) {
        PriorityQueue<Share<T>> lightest = new PriorityQueue<>(Comparator.comparingDouble((Share<T> s) -> s.cost).thenComparingInt(s -> s.work.size())
                .thenComparingInt(s -> s.number));
        List<Share<T>> all = IntStream.range(0, Math.min(most, work.size())).mapToObj(Share<T>::new).toList();
        lightest.addAll(all);
        IntStream.range(0, work.size()).boxed().sorted(Comparator.comparingDouble((Integer i) -> -cost[i])).forEach(i -> {
            Share<T> share = lightest.remove();
            share.work.add(work.get(i));
            share.cost += cost[i];
            lightest.add(share);
        });
        return all.stream().map(s -> s.work).toList();
    }
}
