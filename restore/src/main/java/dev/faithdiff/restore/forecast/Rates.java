package dev.faithdiff.restore.forecast;

import dev.faithdiff.restore.forecast.DryRun.Count;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.KeptFile;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How long each kind of op takes on this machine: measured where it was never seen, and then what runs really took. Kept in a file, in lines of name,
 * size and nanoseconds for a unit of {@link OpWork#cost}.
 */
public final class Rates implements Engine.Observer {
    /** What is assumed of an op before anything was measured, in nanoseconds for a unit of cost. */
    private static final double USUAL = 0.01;
    /** From this size on the time for a unit of cost does not change. */
    private static final int LARGE = 15;
    /** Measuring ends with this share of the time unknown. */
    private static final double REST = 0.01;
    /** Nanoseconds that no machine takes for a unit of cost: such a line of the file is damaged. */
    private static final double SLOWEST = 1e9;
    private static final long SHORTEST = 15_000_000;

    /** Time and cost of runs that were seen in this process. */
    private static final class Seen {
        double nanos, cost;
    }

    private final Path file;
    private final Map<String, TreeMap<Integer, Double>> known = new HashMap<>();
    private final Map<String, TreeMap<Integer, Seen>> seen = new HashMap<>();

    /** The rates of a file, which need not exist. */
    public Rates(Path file) {
        this.file = file;
        byte[] text = KeptFile.read(file);
        try {
            for (String line : text == null ? new String[0] : new String(text, StandardCharsets.UTF_8).split("\n")) {
                String[] words = line.split(" ");
                double rate = Double.parseDouble(words[2]);
                if (rate > 0 && rate < SLOWEST) known.computeIfAbsent(words[0], k -> new TreeMap<>()).put(Integer.valueOf(words[1]), rate);
            }
        } catch (RuntimeException e) { // damaged
            known.clear();
        }
    }

    private static int size(double cost) { return (int) (Math.log(Math.max(1, cost)) / Math.log(4)); }

    /** Sees an op of a run. */
    @Override public synchronized void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos) {
        double cost = OpWork.cost(op, in);
        Seen s = seen.computeIfAbsent(OpWork.name(op, in, out, kernel), k -> new TreeMap<>()).computeIfAbsent(size(cost), k -> new Seen());
        s.nanos += nanos;
        s.cost += cost;
    }

    /** Takes what was seen into the rates, half as new where they were known, and keeps them in the file. */
    public synchronized void keep() {
        seen.forEach((name, sizes) -> sizes.forEach((size, s) ->
                known.computeIfAbsent(name, k -> new TreeMap<>()).merge(size, s.nanos / s.cost, (old, now) -> (old + now) / 2)));
        seen.clear();
        List<String> lines = new ArrayList<>();
        known.forEach((name, sizes) -> sizes.forEach((size, rate) -> lines.add(name + " " + size + " " + rate.floatValue() + "\n")));
        try {
            KeptFile.write(file, lines.stream().sorted().collect(Collectors.joining()).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // They are measured again.
        }
    }

    /** Times what is not known of a run, the longest first, for at most so long. */
    void measure(Map<OpWork, Count> work, Device device, long nanos) {
        long end = System.nanoTime() + nanos;
        Map<String, Map.Entry<OpWork, Count>> unknown = new HashMap<>();
        double all = 0;
        for (Map.Entry<OpWork, Count> e : work.entrySet()) {
            all += nanos(e.getValue());
            if (isKnown(e.getValue())) continue;
            unknown.merge(e.getValue().name + size(e.getValue().cost), e, (a, b) -> nanos(a.getValue()) >= nanos(b.getValue()) ? a : b);
        }
        List<Map.Entry<OpWork, Count>> left = new ArrayList<>(unknown.values());
        left.sort((a, b) -> Double.compare(nanos(b.getValue()), nanos(a.getValue())));
        double rest = left.stream().mapToDouble(e -> nanos(e.getValue())).sum();
        if (!left.isEmpty()) time(left.getFirst().getKey(), device, left.getFirst().getValue(), nanos / 8);
        for (Map.Entry<OpWork, Count> e : left) {
            if (System.nanoTime() >= end || rest < REST * all) break;
            rest -= nanos(e.getValue());
            if (isKnown(e.getValue())) continue; // by what was measured meanwhile
            time(e.getKey(), device, e.getValue(), SHORTEST);
        }
        if (!left.isEmpty()) keep();
    }

    private void time(OpWork work, Device device, Count count, long duration) {
        double[] best = {Double.MAX_VALUE, 1};
        try {
            work.time(device, duration, (op, in, out, kernel, nanos) -> {
                double cost = OpWork.cost(op, in);
                if (nanos / cost < best[0]) best[0] = nanos / cost;
                best[1] = cost;
            });
        } catch (RuntimeException e) {
            return; // the op does not take shorter operands
        } finally {
            device.pool().trim();
        }
        known.computeIfAbsent(count.name, k -> new TreeMap<>()).put(size(best[1]), best[0]);
    }

    private boolean isKnown(Count c) {
        TreeMap<Integer, Double> sizes = known.get(c.name);
        if (sizes == null) return false;
        int size = size(c.cost);
        return sizes.containsKey(size) || size > LARGE && sizes.lastKey() >= LARGE - 1;
    }

    /** What all runs of one kind of work take: by the rate of the nearest size that is known. */
    double nanos(Count c) {
        TreeMap<Integer, Double> sizes = known.get(c.name);
        if (sizes == null) return c.times * c.cost * USUAL;
        Map.Entry<Integer, Double> below = sizes.floorEntry(size(c.cost)), above = sizes.ceilingEntry(size(c.cost));
        boolean isBelow = above == null || below != null && size(c.cost) - below.getKey() <= above.getKey() - size(c.cost);
        return c.times * c.cost * (isBelow ? below : above).getValue();
    }
}
