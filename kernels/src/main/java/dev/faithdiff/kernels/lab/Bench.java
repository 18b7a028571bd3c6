package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;

/** Times the kernels of an op side by side in this process. Quick, for work on a kernel; JMH measures the numbers that are kept. */
public final class Bench {
    private static final int LEAST_RUNS = 5;

    /**
     * How long one kernel takes for one case.
     *
     * @param nanos median of several runs
     * @param low   of the interval that holds the median of all runs with 95 % confidence, by order of the runs
     * @param high  its other end
     * @param best  the shortest run
     */
    public record Time(String kernel, double nanos, double low, double high, double best) {
        private static Time of(String kernel, List<Long> runs) {
            List<Long> sorted = runs.stream().sorted().toList();
            int n = sorted.size(), half = (int) Math.ceil(0.98 * Math.sqrt(n)); // 1.96 standard deviations of a binomial's middle
            long low = sorted.get(Math.max(0, n / 2 - half)), high = sorted.get(Math.min(n - 1, n / 2 + half));
            return new Time(kernel, sorted.get(n / 2), low, high, sorted.getFirst());
        }
    }

    private Bench() {}

    /** The kernels of a kind of device for an op, best first, and for a fused op its composition behind them. */
    public static List<Kernel<?>> kernels(Backend backend, Class<? extends Op> op) {
        return Composition.behind(backend.kernels().stream().<Kernel<?>>filter(k -> k.op() == op).toList(), op, backend.kind());
    }

    /** Those that take a case. */
    public static List<Kernel<?>> takers(Case c, Device device) {
        return kernels(Backend.of(device.kind()), c.op().getClass()).stream().<Kernel<?>>filter(k -> refusal(k, c, device) == null).toList();
    }

    /** What a kernel gives, in the current scope. */
    public static Tensor result(Kernel<?> kernel, Op op, Tensor[] in) {
        return kernel instanceof Composition<?> && op instanceof FusedOp fused ? fused.compose(in) : Engine.run(kernel, op, in);
    }

    /** Why a kernel does not take a case on a device, or null. */
    @SuppressWarnings("unchecked")
    public static <O extends Op> String refusal(Kernel<O> kernel, Case c, Device device) {
        return kernel.objection((O) c.op(), c.outline(device));
    }

    /** Runs the kernels in turn on the same operands, each for about {@code millis}, after a warm-up of the same length. */
    public static List<Time> run(Case c, Device device, List<Kernel<?>> kernels, int millis) {
        try (Scope _ = Scope.open()) {
            Tensor[] in = c.draw(device);
            List<Runnable> works = kernels.stream().<Runnable>map(k -> () -> result(k, c.op(), in).device().synchronize()).toList();
            times(works, millis);
            List<List<Long>> times = times(works, millis);
            List<Time> result = new ArrayList<>();
            for (int i = 0; i < kernels.size(); i++) result.add(Time.of(kernels.get(i).name(), times.get(i)));
            return result;
        }
    }

    /** Runs other work, as long as a kernel and after the same warm-up. */
    public static Time run(String name, Runnable work, int millis) {
        times(List.of(work), millis);
        return Time.of(name, times(List.of(work), millis).getFirst());
    }

    private static List<List<Long>> times(List<Runnable> works, int millis) {
        List<List<Long>> times = new ArrayList<>();
        for (int i = 0; i < works.size(); i++) times.add(new ArrayList<>());
        long begin = System.nanoTime();
        for (int run = 0; run < LEAST_RUNS || System.nanoTime() - begin < works.size() * millis * 1_000_000L; run++) {
            for (int i = 0; i < works.size(); i++) times.get(i).add(time(works.get(i)));
        }
        return times;
    }

    private static long time(Runnable work) {
        try (Scope _ = Scope.open()) {
            long begin = System.nanoTime();
            work.run();
            return System.nanoTime() - begin;
        }
    }
}
