package dev.faithdiff.kernels.cuda;

import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import dev.faithdiff.tensor.op.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.LongStream;
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

    private static final String ENDING = ".plan", SLOWER = ".slower", LIBRARY = "a plan beside cuBLASLt ";
    private static final int OLDEST = 91300, MOST = 8;
    private static final double MOST_SECONDS = 3;
    private static final long MOST_WORKSPACE = 512L << 20;

    private final CudaDevice device;
    private final CudnnTarget target;
    private final DiskCache cache;
    private final long version = JCudnn.cudnnGetVersion();
    private final String where, others;
    private final Map<GraphPattern, Found> found = new HashMap<>();
    private final Map<String, Boolean> slower = new HashMap<>();
    private final Map<Float, MemorySegment> numbers = new HashMap<>();

    CudnnPlans(CudaDevice device, CudnnTarget target, DiskCache cache) {
        this.device = device;
        this.target = target;
        this.cache = cache;
        where = device.model() + " " + device.architecture() + " cuDNN " + version + " ";
        others = where + "cuBLAS " + Cublas.version() + " ";
    }

    /**
     * Null if there are plans for these patterns, which a kernel runs one after the other, and nothing was faster than the kernel, else the reason.
     * Nothing is known of a device that is no GPU.
     */
    public static String refuses(Device device, String kernel, List<GraphPattern> patterns) {
        return device instanceof CudaDevice d ? d.exclusive(() -> d.cudnn().plans().refuses(kernel, patterns)) : null;
    }

    private String refuses(String kernel, List<GraphPattern> patterns) {
        if (version < OLDEST) return "needs cuDNN 9.13, this is " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
        for (GraphPattern p : patterns) if (find(p).plans.isEmpty()) return "cuDNN has no plan for it";
        return isSlower(kernel + patterns) == Boolean.TRUE ? "was measured here and is slower than what runs without it" : null;
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

    /**
     * Runs a product that was not refused, by its plan or by cuBLASLt where that was measured to be faster.
     *
     * @param bias   0 where there is none
     * @param addend 0 where there is none
     */
    public void multiply(Product p, long a, long b, long bias, long addend, long c) {
        long[] all = LongStream.of(a, b, bias, addend, c).filter(address -> address != 0).toArray();
        Runnable plan = () -> run(p, all), other = () -> device.cublasLt().run(p, a, b, bias, addend, c);
        device.request(() -> {
            boolean either = CublasLt.refuses(device, p) == null;
            if (either) compare(LIBRARY, List.of(p), plan, () -> other);
            (either && isSlower(LIBRARY + List.of(p)) == Boolean.TRUE ? other : plan).run();
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
        byte[] text = cache.findNamed(where + p, ENDING);
        if (text != null && text.length == 0) return List.of();
        CudnnPlan restored = text == null ? null : CudnnPlan.restored(text, target);
        if (restored != null) return List.of(restored);
        // The graph stays: its plans refer to it.
        CudnnGraph graph = new CudnnGraph();
        p.describe(graph);
        List<CudnnPlan> plans = new ArrayList<>();
        for (CudnnPlan plan : CudnnPlan.ranked(graph.graph(target), target, Contest.isLittle(p.work()) ? 1 : MOST, MOST_SECONDS)) {
            if (plan.workspace() <= MOST_WORKSPACE) plans.add(plan);
            else plan.close();
        }
        if (plans.size() < 2) cache.keepNamed(where + p, ENDING, plans.isEmpty() ? new byte[0] : plans.getFirst().text());
        return plans;
    }

    private void choose(GraphPattern p, Found f, long... addresses) {
        int best = Contest.fastest(device, f.plans.stream().<Runnable>map(plan -> () -> run(plan, addresses)).toList());
        CudnnPlan chosen = best < 0 ? null : f.plans.remove(best);
        for (CudnnPlan plan : f.plans) plan.close();
        f.plans.clear();
        if (chosen != null) f.plans.add(chosen);
        f.chosen = true;
        cache.keepNamed(where + p, ENDING, chosen == null ? new byte[0] : chosen.text());
    }

    /** True or false as it was measured, null if it was not yet. */
    private Boolean isSlower(String what) {
        Boolean known = slower.get(what);
        if (known != null || slower.containsKey(what)) return known;
        byte[] text = cache.findNamed(others + what, SLOWER);
        Boolean kept = text == null ? null : (Boolean) new String(text, StandardCharsets.UTF_8).equals("true");
        slower.put(what, kept);
        return kept;
    }

    /**
     * Measures a kernel against what runs without it, once for its patterns: from then on the kernel is {@linkplain #refuses refused} if it is
     * slower. Not for little work, nor while work is captured or observed.
     *
     * @param name  of the kernel
     * @param other what runs without the kernel, or null; asked for only where it is measured
     */
    public void compare(String name, List<GraphPattern> patterns, Runnable kernel, Supplier<Runnable> other) {
        String what = name + patterns;
        device.request(() -> {
            if (patterns.stream().allMatch(p -> Contest.isLittle(p.work())) || isSlower(what) != null) return;
            if (device.isCapturing() || Engine.isObserved()) return;
            Runnable without = other.get();
            boolean result = without != null && Contest.fastest(device, List.of(kernel, without)) == 1;
            slower.put(what, result);
            cache.keepNamed(others + what, SLOWER, String.valueOf(result).getBytes(StandardCharsets.UTF_8));
        });
    }
}
