package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/**
 * The plans of cuDNN's graph API on one device. At the first use of a pattern on this kind of GPU with this version of cuDNN a few plans are
 * measured, and the fastest is kept on disk with its compiled kernels. A kernel may also be measured against what would run without it.
 */
public final class CudnnPlans {
    /** What is known of a pattern: its plans, and whether the first of them was chosen. */
    private static final class Found {
        final List<CudnnPlan> plans;
        boolean chosen;

        Found(List<CudnnPlan> plans) {
            this.plans = plans;
            chosen = plans.size() < 2;
        }
    }

    private static final String ENDING = ".plan", SLOWER = ".slower";
    private static final int OLDEST = 91300, MOST = 8, ROUNDS = 3, RUNS = 4;
    private static final double MOST_SECONDS = 3, LITTLE_WORK = 1e7;
    private static final long MOST_WORKSPACE = 512L << 20;

    private final CudaDevice device;
    private final CudnnTarget target;
    private final DiskCache cache;
    private final long version = JCudnn.cudnnGetVersion();
    private final String where;
    private final Map<GraphPattern, Found> found = new HashMap<>();
    private final Map<List<GraphPattern>, Boolean> slower = new HashMap<>();
    private final Map<Float, MemorySegment> numbers = new HashMap<>();

    CudnnPlans(CudaDevice device, CudnnTarget target, DiskCache cache) {
        this.device = device;
        this.target = target;
        this.cache = cache;
        where = device.model() + " " + device.architecture() + " cuDNN " + version + " ";
    }

    /** Null if there are plans for these patterns, which run one after the other, else the reason. Nothing is known of a device that is no GPU. */
    public static String refuses(Device device, List<GraphPattern> patterns) {
        return device instanceof CudaDevice d ? d.exclusive(() -> d.cudnn().plans().refuses(patterns)) : null;
    }

    private String refuses(List<GraphPattern> patterns) {
        if (version < OLDEST) return "needs cuDNN 9.13, this is " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
        for (GraphPattern p : patterns) if (find(p).plans.isEmpty()) return "cuDNN has no plan for it";
        return isSlower(patterns) == Boolean.TRUE ? "was measured here and is slower than what runs without it" : null;
    }

    /** Runs a pattern that was not refused. @param addresses in the pattern's order, each a multiple of 16 */
    public void run(GraphPattern p, long... addresses) {
        device.request(() -> {
            Found f = find(p);
            if (!f.chosen && !device.isCapturing()) choose(p, f, addresses);
            if (f.plans.isEmpty()) throw new CudaError("cuDNN has no plan on " + device.name() + " for " + p);
            run(f.plans.getFirst(), addresses);
        });
    }

    private void run(CudnnPlan plan, long... addresses) {
        try (Scope _ = Scope.open()) {
            long bytes = plan.workspace();
            plan.run(target, bytes == 0 ? 0 : Tensor.empty(device, DType.U8, Shape.of(Math.toIntExact(bytes))).address(), addresses);
        }
    }

    /** The address of a number in host memory that stays there. */
    public long number(float value) {
        return device.exclusive(() -> numbers.computeIfAbsent(value, v -> {
            MemorySegment kept = Arena.global().allocate(CudnnGraph.ALIGNMENT, CudnnGraph.ALIGNMENT);
            kept.set(ValueLayout.JAVA_FLOAT, 0, v);
            return kept;
        })).address();
    }

    private Found find(GraphPattern p) {
        Found known = found.get(p);
        if (known != null) return known;
        Found fresh = new Found(kept(p));
        found.put(p, fresh);
        return fresh;
    }

    /** The plan that an earlier run of the program chose, or new ones. A damaged file is ignored. */
    private List<CudnnPlan> kept(GraphPattern p) {
        String text = keptText(p.toString(), ENDING);
        if (text != null && text.isEmpty()) return List.of();
        CudnnPlan restored = text == null ? null : CudnnPlan.restored(text.getBytes(StandardCharsets.UTF_8), target);
        if (restored != null) return List.of(restored);
        // The graph stays: its plans refer to it.
        CudnnGraph graph = new CudnnGraph();
        p.describe(graph);
        List<CudnnPlan> plans = new ArrayList<>();
        for (CudnnPlan plan : CudnnPlan.ranked(graph.graph(target), target, isLittle(p) ? 1 : MOST, MOST_SECONDS)) {
            if (plan.workspace() <= MOST_WORKSPACE) plans.add(plan);
            else plan.close();
        }
        if (plans.size() < 2) keep(p.toString(), ENDING, plans.isEmpty() ? new byte[0] : plans.getFirst().text());
        return plans;
    }

    /** Whether a pattern is over so soon that measuring and compiling are not worth their time. */
    private static boolean isLittle(GraphPattern p) { return p.work() < LITTLE_WORK; }

    private void choose(GraphPattern p, Found f, long... addresses) {
        int best = fastest(f.plans.stream().<Runnable>map(plan -> () -> run(plan, addresses)).toList());
        CudnnPlan chosen = best < 0 ? null : f.plans.remove(best);
        for (CudnnPlan plan : f.plans) plan.close();
        f.plans.clear();
        if (chosen != null) f.plans.add(chosen);
        f.chosen = true;
        keep(p.toString(), ENDING, chosen == null ? new byte[0] : chosen.text());
    }

    /** True or false as it was measured, null if it was not yet. */
    private Boolean isSlower(List<GraphPattern> patterns) {
        Boolean known = slower.get(patterns);
        if (known != null || slower.containsKey(patterns)) return known;
        String text = keptText(patterns.toString(), SLOWER);
        Boolean kept = text == null ? null : (Boolean) text.equals("true");
        slower.put(patterns, kept);
        return kept;
    }

    /**
     * Measures a kernel against what runs without it, once for its patterns: from then on the kernel is {@linkplain #refuses refused} if it is
     * slower. Not for little work, nor while work is captured or observed.
     *
     * @param other what runs without the kernel, or null; asked for only where it is measured
     */
    public void compare(List<GraphPattern> patterns, Runnable kernel, Supplier<Runnable> other) {
        device.request(() -> {
            if (patterns.stream().allMatch(CudnnPlans::isLittle) || isSlower(patterns) != null || device.isCapturing() || Engine.isObserved()) return;
            Runnable without = other.get();
            boolean result = without != null && fastest(List.of(kernel, without)) == 1;
            slower.put(patterns, result);
            keep(patterns.toString(), SLOWER, String.valueOf(result).getBytes(StandardCharsets.UTF_8));
        });
    }

    /** Which is the fastest, or -1 if all fail: the shortest of a few rounds in turns, so that a clock that still rises favours none. */
    private int fastest(List<Runnable> ways) {
        float[] least = new float[ways.size()];
        Arrays.fill(least, Float.POSITIVE_INFINITY);
        boolean[] fails = new boolean[ways.size()];
        CUevent begin = new CUevent(), end = new CUevent();
        check(JCudaDriver.cuEventCreate(begin, 0), "making an event");
        check(JCudaDriver.cuEventCreate(end, 0), "making an event");
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < least.length; i++) {
                if (fails[i]) continue;
                try {
                    ways.get(i).run();
                    least[i] = Math.min(least[i], millis(ways.get(i), begin, end));
                } catch (CudaError | OutOfMemoryError e) {
                    fails[i] = true;
                    least[i] = Float.POSITIVE_INFINITY;
                }
            }
        }
        check(JCudaDriver.cuEventDestroy(begin), "freeing an event");
        check(JCudaDriver.cuEventDestroy(end), "freeing an event");
        int best = -1;
        for (int i = 0; i < least.length; i++) if (!fails[i] && (best < 0 || least[i] < least[best])) best = i;
        return best;
    }

    private float millis(Runnable way, CUevent begin, CUevent end) {
        float[] millis = {0};
        check(JCudaDriver.cuEventRecord(begin, device.stream()), "recording an event");
        for (int i = 0; i < RUNS; i++) way.run();
        check(JCudaDriver.cuEventRecord(end, device.stream()), "recording an event");
        check(JCudaDriver.cuEventSynchronize(end), "waiting for an event");
        check(JCudaDriver.cuEventElapsedTime(millis, begin, end), "asking for the time between events");
        return millis[0];
    }

    /** What is kept for a key of this device and cuDNN, or null. */
    private String keptText(String key, String ending) {
        byte[] content = cache.find(where + key, ending);
        String text = content == null ? "" : new String(content, StandardCharsets.UTF_8), head = where + key + "\n";
        return text.startsWith(head) ? text.substring(head.length()) : null;
    }

    private void keep(String key, String ending, byte[] content) {
        byte[] head = (where + key + "\n").getBytes(StandardCharsets.UTF_8), all = Arrays.copyOf(head, head.length + content.length);
        System.arraycopy(content, 0, all, head.length, content.length);
        cache.keep(where + key, ending, all);
    }
}
