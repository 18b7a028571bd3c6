package dev.faithdiff.jmh;

import dev.faithdiff.jmh.Workload.Cost;
import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Times kernels, blocks and models on a device that works asynchronously: rounds of several calls, the device waited for at the end of each
 * round, the median and the best of the rounds. What Java and the driver take to launch is part of it. In this process and without JMH.
 */
@Command(name = "device-bench", description = "Time kernels, blocks and models on a GPU, in F16, BF16 and F32.", mixinStandardHelpOptions = true)
public final class DeviceBench implements Callable<Integer> {
    private static final int ROUND_MILLIS = 30, MOST_CALLS = 200, LEAST_ROUNDS = 3, SIDE = 8192;
    private static final long COPIED = 1L << 29;
    /** Runs of one op in a graph, which take longer than launching it, over operands that do not all fit the cache. */
    private static final int REPLAYED = 20, SETS = 4;

    @Parameters(paramLabel = "FILTER", description = "Part of a name, e.g. LinearOp/unet-640, block/, model/.", defaultValue = "")
    private String filter;

    @Option(names = "--device", paramLabel = "NAME", description = "cuda or cuda:N; cpu for a rehearsal, in F32.", defaultValue = "cuda")
    private String device;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "1",
            description = "Seconds that each is measured, after a third as many of warm-up.")
    private double seconds;

    @Option(names = "--types", paramLabel = "T", split = ",", description = "Types of activations and weights.", defaultValue = "F16,BF16,F32")
    private List<DType> types;

    @Option(names = "--profile", description = "Blocks and models: also show the time of each op.")
    private boolean profile;

    @Option(names = "--f8", description = "Layers may round to F8, on a GPU.")
    private boolean f8;

    @Option(names = "--list", description = "Only show the names.")
    private boolean list;

    private final Table table = new Table("case", "type", "kernel", "median ms", "best ms", "TFLOP/s", "GB/s", "of limit");
    private final Map<DType, Limits> limits = new LinkedHashMap<>();
    private Device on;
    private boolean failed;

    public DeviceBench() {}

    DeviceBench(String filter, String device, double seconds, boolean list, boolean profile, boolean f8) {
        this.profile = profile;
        this.f8 = f8;
        this.filter = filter;
        this.device = device;
        this.seconds = seconds;
        this.list = list;
        types = List.of(DType.F16, DType.BF16, DType.F32);
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new DeviceBench()).setExecutionExceptionHandler((e, line, result) -> {
            System.err.println("bench: " + e.getMessage());
            return 1;
        }).execute(args));
    }

    @Override public Integer call() throws Exception {
        if (!f8) return run();
        return Engine.rounding(DType.F8_E4M3, () -> {
            try {
                return run();
            } catch (Exception e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        });
    }

    private int run() throws Exception {
        List<Case> cases = cases();
        Map<String, Function<BenchTarget, Workload>> whole = new LinkedHashMap<>();
        Models.FULL.forEach((name, make) -> whole.put("model/" + name, make)); // what matters most first
        Blocks.ALL.forEach((name, make) -> whole.put("block/" + name, make));
        Models.ALL.forEach((name, make) -> whole.put("model/" + name, make));
        whole.keySet().removeIf(name -> !isChosen(name));
        if (list) {
            cases.forEach(c -> System.out.println(c.name()));
            whole.keySet().forEach(System.out::println);
            return 0;
        }
        on = Backend.device(device);
        if (on == Device.CPU) types = List.of(DType.F32);
        for (DType t : types) limit(t);
        // Training is in F32 whatever is asked for.
        for (String name : whole.keySet()) for (DType t : types) if (t == DType.F32 || !name.contains("train")) whole(name, t, whole.get(name));
        for (Case c : cases) kernels(c);
        report();
        return failed ? 1 : 0;
    }

    /** What a GPU is given: the ops of a guided step at 1024 pixels, since those of 512 take less than a launch. The CPU rehearses with these. */
    private List<Case> cases() {
        Case.Types plain = new Case.Types(DType.F32, DType.F32);
        Stream<Case> all = device.equals("cpu") ? Cases.all().stream().filter(c -> c.model() && c.types().equals(plain))
                : types.stream().flatMap(t -> ModelOps.of("guided-step-1024", t).stream().filter(c -> c.types().activation() == t));
        return all.filter(c -> isChosen(c.name())).toList();
    }

    private boolean isChosen(String name) { return name.toLowerCase(Locale.ROOT).contains(filter.toLowerCase(Locale.ROOT)); }

    private void report() {
        System.out.print(table);
        System.out.printf(Locale.ROOT, "Memory at the peak: %d MB.%n", on.pool().peakBytes() >> 20);
    }

    private void limit(DType type) throws Exception {
        Limits l = limits(type);
        limits.put(type, l);
        System.out.printf(Locale.ROOT, "%s limit: %.0f TFLOP/s of a product of side %d, %.0f GB/s of an elementwise pass.%n",
                type, l.gflops() / 1e3, side(), l.gbytes());
    }

    private int side() { return on == Device.CPU ? 512 : SIDE; }

    /** A large product and a pass over an array larger than every cache. */
    private Limits limits(DType type) throws Exception {
        BenchTarget place = new BenchTarget(on, type, 1);
        try (Workload work = new Workload()) {
            int n = side(), count = (int) (COPIED / type.bytes() / (on == Device.CPU ? 16 : 1));
            Tensor a = place.input(work, n, n), b = place.input(work, n, n);
            Tensor x = work.tensors(() -> new Tensor[] {Tensor.empty(on, type, Shape.of(count)).affine(0, 1)})[0];
            double product = time(() -> a.matmul(b)).best, copy = time(() -> x.affine(1.5f, 0.25f)).best;
            return new Limits(2.0 * n * n * n / product, 2.0 * x.bytes() / copy);
        }
    }

    private void kernels(Case c) throws Exception {
        for (Kernel<?> k : Bench.takers(c, on)) {
            try (Workload work = new Workload()) {
                List<Tensor[]> sets = new ArrayList<>();
                for (int i = 0; i < SETS; i++) sets.add(i == 0 ? work.tensors(() -> c.draw(on)) : work.tensors(() -> copies(sets.getFirst())));
                Replay repeated = work.hold(on.replay(_ -> repeated(k, c, sets)));
                row(c.name(), c.types().activation(), k.name(), repeated::run, new Cost(REPLAYED * c.flops(), REPLAYED * c.bytes()), REPLAYED);
            } catch (RuntimeException | OutOfMemoryError e) {
                failure(c.name(), c.types().activation(), k.name(), e);
            }
        }
    }

    private static Tensor[] copies(Tensor[] in) { return Arrays.stream(in).map(t -> t.affine(1, 0)).toArray(Tensor[]::new); }

    private static Tensor repeated(Kernel<?> kernel, Case c, List<Tensor[]> sets) {
        for (int i = 1; i < REPLAYED; i++) {
            try (Scope _ = Scope.open()) {
                Bench.result(kernel, c.op(), sets.get(i % SETS));
            }
        }
        return Bench.result(kernel, c.op(), sets.getFirst());
    }

    private void whole(String name, DType type, Function<BenchTarget, Workload> make) throws Exception {
        // Guidance predicts twice in the U-Net; other networks see one image.
        boolean twice = on != Device.CPU && name.matches("block/(resnet|transformer).*|model/(guided|image).*");
        BenchTarget place = new BenchTarget(on, type, twice ? 2 : 1);
        try (Workload work = make.apply(place)) {
            Cost cost = work.cost();
            row(name, type, place.batch() + " rows", work::run, cost, 1);
            if (profile) System.out.println(name + " " + type + "\n" + OpTimes.of(work));
        } catch (RuntimeException | OutOfMemoryError e) {
            failure(name, type, "", e);
        }
        on.pool().trim();
    }

    private void failure(String name, DType type, String kernel, Throwable e) {
        failed = true;
        table.row(name, type, kernel + " FAILS: " + e.getMessage());
        System.err.println(name + " " + type + " FAILS: " + e);
    }

    /** @param runs of what the name says in one run of the work */
    private void row(String name, DType type, String kernel, Supplier<?> work, Cost cost, int runs) {
        Time t = time(work);
        double fraction = limits.get(type).fraction(cost.flops(), cost.bytes(), t.median);
        table.row(name, type, kernel, t.median / 1e6 / runs, t.best / 1e6 / runs, cost.flops() / t.median / 1e3, cost.bytes() / t.median, fraction);
        // The table comes last; a run that is cut off has these.
        System.err.printf(Locale.ROOT, "%s %s %s: %s ms, %.0f %% of the limit%n", name, type, kernel, Table.number(t.median / 1e6 / runs),
                100 * fraction);
    }

    private record Time(double median, double best) {}

    /** Nanoseconds of one call. */
    private Time time(Supplier<?> work) {
        round(work, 1);
        int calls = (int) Math.clamp(ROUND_MILLIS * 1e6 / round(work, 1), 1, MOST_CALLS);
        long warm = System.nanoTime() + (long) (seconds / 3 * 1e9);
        while (System.nanoTime() < warm) round(work, calls);
        List<Double> rounds = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (rounds.size() < LEAST_ROUNDS || System.nanoTime() < end) rounds.add(round(work, calls));
        rounds.sort(null);
        return new Time(rounds.get(rounds.size() / 2), rounds.getFirst());
    }

    private double round(Supplier<?> work, int calls) {
        on.synchronize();
        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            try (Scope _ = Scope.open()) {
                work.get();
            }
        }
        on.synchronize();
        return (System.nanoTime() - begin) / (double) calls;
    }
}
