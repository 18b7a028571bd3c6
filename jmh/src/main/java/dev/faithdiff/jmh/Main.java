package dev.faithdiff.jmh;

import dev.faithdiff.jmh.Workload.Cost;
import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.OnnxModel;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.host.Launcher;
import dev.faithdiff.tensor.op.Kernel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine;

/** Runs the benchmarks whose name contains a filter, after those of the machine's limits, and prints their table. */
@Command(name = "bench", description = "Time kernels, blocks and models.",
        footer = {"", "Names: kernels are OP/CASE as 'faithdiff kernels list OP' has them, blocks block/NAME, models model/NAME; "
            + "--list shows them."})
public final class Main implements Callable<Integer> {
    private static final String PEER = "dev.faithdiff.jmh.peer.PeerBench";

    @Parameters(paramLabel = "FILTER", description = "Part of a name, e.g. LinearOp/unet-640, block/, restore.", defaultValue = "")
    private String filter;

    @Option(names = "--peers", description = "Time ONNX Runtime on the same cases (fetches it once, 54 MB); with --turns it instead of a kernel.")
    private boolean peers;

    @Option(names = "--all", description = "Time everything, which takes hours.")
    private boolean all;

    @Option(names = "--keep", description = "Keep the rows in jmh/results, each as it comes, in place of those of the last run with this FILTER.")
    private boolean keep;

    @Option(names = "--json", description = "Print each row as it comes as a line of JSON, instead of the table.")
    private boolean json;

    @Option(names = "--list", description = "Only show the names.")
    private boolean list;

    @Option(names = "--turns", description = "Run the one case of that name once for each line of standard input and answer with its milliseconds: "
            + "for a program that takes turns with it.")
    private boolean turns;

    @Option(names = "--kernel", paramLabel = "NAME", description = "With --turns: the kernel that runs a case, by default its best.")
    private String kernel;

    @Option(names = "--seconds", paramLabel = "N", description = "Seconds that each is measured, after as many of warm-up.")
    private int seconds = 3;

    @Option(names = "--device", paramLabel = "NAME", description = "cpu, cuda or cuda:N. A GPU is timed in this process, in F16, BF16 and F32.")
    private String device = "cpu";

    @Option(names = "--profile", description = "On a GPU: also show the time of each op of blocks and models.")
    private boolean profile;

    @Option(names = "--estimate", paramLabel = "CARD", description = "Time nothing: print what a model of full size would take on a GPU, by the "
            + "rates of such a card: h200.")
    private String estimate;

    @Option(names = "--f8", description = "With --estimate or on a GPU: layers may round to F8.")
    private boolean f8;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    private Limits limits;
    private Path kept;
    private final Table table = new Table("case", "kernel", "median ms", "best ms", "GFLOP/s", "GB/s", "of limit");

    public static void main(String[] args) {
        Launcher.run(new CommandLine(new Main()).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true)::execute, args);
    }

    @Override public Integer call() throws Exception {
        if (turns && !device.equals("cpu")) {
            System.err.println("bench: --turns is for the CPU");
            return 2;
        }
        if (estimate != null) return estimates();
        if (filter.isEmpty() && !all && !list) {
            System.err.println("bench: name a FILTER, for example LinearOp or block/ (--list shows all names), or --all");
            return 2;
        }
        if (!device.equals("cpu")) return new DeviceBench(filter, device, seconds, list, profile, f8).call();
        List<Case> cases = Cases.all().stream().filter(c -> c.model() && isChosen(c.name()) && !Bench.takers(c, Device.CPU).isEmpty()).toList();
        if (turns) return takeTurns(cases);
        List<String> blocks = chosen("block/", Blocks.ALL), models = chosen("model/", Models.ALL);
        if (list || cases.isEmpty() && blocks.isEmpty() && models.isEmpty()) {
            cases.forEach(c -> System.out.println(c.name()));
            blocks.forEach(b -> System.out.println("block/" + b));
            models.forEach(m -> System.out.println("model/" + m));
            if (!list) System.err.println("bench: nothing has '" + filter + "' in its name; see --list");
            return list ? 0 : 2;
        }
        limits = new Limits(rate("multiply-adds"), rate("copy"));
        for (Case c : cases) {
            Cost cost = new Cost(c.flops(), c.bytes());
            String[] kernels = Bench.takers(c, Device.CPU).stream().map(Kernel::name).toArray(String[]::new);
            for (RunResult r : run(KernelBench.class.getName(), c.name(), kernels)) row(c.name(), r.getParams().getParam("kernel"), r, cost);
            if (peers && OnnxModel.isFor(c)) for (RunResult r : run(PEER, c.name())) row(c.name(), "ONNX Runtime", r, cost);
        }
        for (String b : blocks) row("block/" + b, BlockBench.class, b, Blocks.ALL.get(b));
        for (String m : models) row("model/" + m, ModelBench.class, m, Models.ALL.get(m));
        if (json) return 0;
        System.out.print(table);
        System.out.printf("The limits of multiply-adds and of copying: %s.%s%n", Results.described(limits),
                kept == null ? " --keep keeps these rows in jmh/results." : " Kept in " + kept + ".");
        return 0;
    }

    /** Timed without JMH, but warmed up alike. */
    private int takeTurns(List<Case> cases) throws Exception {
        try (Workload work = open(cases)) {
            if (work == null) {
                System.err.println("bench: --turns takes the full name of a benchmark, not '" + filter + "'; see --list");
                return 2;
            }
            for (long end = System.nanoTime() + seconds * 1_000_000_000L; System.nanoTime() < end; ) work.run();
            System.out.println("ready");
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            while (input.readLine() != null) {
                long begin = System.nanoTime();
                work.run();
                System.out.println((System.nanoTime() - begin) / 1e6);
            }
            return 0;
        }
    }

    /** The work whose full name is the filter, of a kernel's case that of its best kernel; null if there is none. */
    private Workload open(List<Case> cases) throws Exception {
        Function<BenchTarget, Workload> made = named("block/", Blocks.ALL);
        if (made == null) made = named("model/", Models.ALL);
        if (made != null) return made.apply(BenchTarget.CPU);
        Optional<Case> chosen = cases.stream().filter(c -> c.name().equals(filter)).findFirst();
        if (chosen.isEmpty()) return null;
        if (peers) return peer();
        KernelBench bench = new KernelBench();
        bench.name = filter;
        bench.kernel = kernel != null ? kernel : Bench.takers(chosen.get(), Device.CPU).getFirst().name();
        return bench.make();
    }

    private Workload peer() throws Exception {
        Timed bench = (Timed) Class.forName(PEER).getDeclaredConstructor().newInstance();
        bench.getClass().getField("name").set(bench, filter);
        return bench.make();
    }

    private Function<BenchTarget, Workload> named(String prefix, Map<String, Function<BenchTarget, Workload>> all) {
        return filter.startsWith(prefix) ? all.get(filter.substring(prefix.length())) : null;
    }

    /** Guided work predicts two rows at once. */
    private int estimates() {
        Card card = Card.ALL.get(estimate);
        List<String> names = chosen("model/", Models.FULL);
        if (card == null || names.isEmpty()) {
            System.err.println(card == null ? "bench: no rates are known of '" + estimate + "', only of " + String.join(", ", Card.ALL.keySet())
                    : "bench: no model of full size has '" + filter + "' in its name: " + String.join(", ", Models.FULL.keySet()));
            return 2;
        }
        for (String n : names) {
            Estimate all = Estimate.of(card, DType.F16, f8, n.startsWith("vae") ? 1 : 2, Models.FULL.get(n));
            System.out.printf("model/%s, F16%s%n%s%n", n, f8 ? " and F8" : "", all);
        }
        return 0;
    }

    private boolean isChosen(String name) { return name.toLowerCase(Locale.ROOT).contains(filter.toLowerCase(Locale.ROOT)); }

    private List<String> chosen(String prefix, Map<String, Function<BenchTarget, Workload>> all) {
        return all.keySet().stream().filter(n -> isChosen(prefix + n)).toList();
    }

    /** The best of the samples: noise only ever makes a machine look slower. */
    private double rate(String limit) throws Exception {
        return LimitBench.amount(limit) / run(LimitBench.class.getName(), limit).iterator().next().getPrimaryResult().getStatistics().getMin();
    }

    private void row(String name, Class<?> bench, String param, Function<BenchTarget, Workload> open) throws Exception {
        Cost cost;
        try (Workload work = open.apply(BenchTarget.CPU)) {
            cost = work.cost();
        }
        for (RunResult r : run(bench.getName(), param)) row(name, "", r, cost);
    }

    private void row(String name, String kernel, RunResult result, Cost cost) throws IOException {
        Statistics s = result.getPrimaryResult().getStatistics();
        double nanos = s.getPercentile(50);
        table.row(name, kernel, nanos / 1e6, s.getMin() / 1e6, cost.flops() / nanos, cost.bytes() / nanos,
                limits.fraction(cost.flops(), cost.bytes(), nanos));
        System.err.printf(Locale.ROOT, "%s %s: %s ms%n", name, kernel, Table.number(nanos / 1e6));
        if (json) System.out.println(json(name, kernel, nanos / 1e6, s.getMin() / 1e6));
        if (keep) kept = Results.keep(filter, seconds, limits, table);
    }

    private String json(String name, String kernel, double median, double best) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("case", name);
        row.put("kernel", kernel);
        row.put("medianMillis", median);
        row.put("bestMillis", best);
        row.put("limitGflops", limits.gflops());
        row.put("limitGbytes", limits.gbytes());
        return ResultSettings.json(row);
    }

    /** Standard output is for the rows: what JMH and the JVMs that it starts say goes to standard error. */
    private Collection<RunResult> run(String bench, String name, String... kernels) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder().include("^" + bench.replace(".", "\\.") + "\\.run$").param("name", name)
                .warmupIterations(seconds).measurementIterations(seconds).verbosity(VerboseMode.SILENT).shouldFailOnError(true);
        if (kernels.length > 0) options.param("kernel", kernels);
        PrintStream rows = System.out;
        System.setOut(System.err);
        try {
            return new Runner(options.build()).run();
        } finally {
            System.setOut(rows);
        }
    }
}
