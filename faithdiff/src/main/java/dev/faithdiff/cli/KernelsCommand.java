package dev.faithdiff.cli;

import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Composition;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.kernels.lab.TuneTrial;
import dev.faithdiff.kernels.lab.Tuner;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists kernels, checks that they are right and measures how fast they are. */
@Command(name = "kernels", description = "List, check and time the kernels of each op.")
final class KernelsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    @Command(name = "list", description = "List ops and their kernels, best first, and how many cases each kernel takes.")
    int list(@Parameters(arity = "0..1", paramLabel = "OP", description = "Only this op, e.g. linear, and its cases.") String op,
            @Option(names = "--device", paramLabel = "KIND", description = "Only this kind of device: cpu or cuda.") String kind) {
        Table table = new Table("op", "device", "kernel", "small cases", "model cases");
        for (Class<? extends Op> o : ops(op)) {
            for (Backend b : backends(kind)) {
                List<Kernel<?>> kernels = Composition.behind(Engine.kernels(b.kind(), o), o, b.kind());
                for (Kernel<?> k : kernels) table.row(Op.name(o), b.kind(), k.name(), taken(k, Cases.parity(o)), taken(k, Cases.model(o)));
                if (kernels.isEmpty()) table.row(Op.name(o), b.kind(), b.kind().equals("cpu") ? "reference" : "none");
            }
        }
        print(table);
        if (op != null) spec.commandLine().getOut().println();
        if (op != null) print(cases(op(op)));
        return 0;
    }

    private static String taken(Kernel<?> kernel, List<Case> cases) {
        return cases.stream().filter(c -> Bench.refusal(kernel, c, Device.CPU) == null).count() + " of " + cases.size();
    }

    private static Table cases(Class<? extends Op> op) {
        Table table = new Table("case", "GFLOP", "MB");
        for (Case c : Cases.model(op)) table.row(c.name(), c.flops() / 1e9, c.bytes() / 1e6);
        return table;
    }

    @Command(name = "check", description = "Compare every kernel with its op's reference on small cases; exit code 1 if one fails.")
    int check(@Parameters(arity = "0..1", paramLabel = "OP", description = "Only this op.") String op,
            @Option(names = "--device", paramLabel = "KIND", description = "Only this kind of device: cpu or cuda.") String kind,
            @Option(names = "--types", description = "Show a row for each type of activations instead of one for all.") boolean types,
            @Option(names = "--model", description = "Compare on real models' shapes, with the CPU's kernels in F32.") boolean model) {
        KernelCheck check = new KernelCheck(types, model, spec.commandLine().getErr());
        for (Backend b : backends(kind)) {
            if (kind != null && b.unavailable() != null) throw new OpError("device '" + kind + "' is not available: " + b.unavailable());
            if (b.unavailable() == null) for (Class<? extends Op> o : ops(op)) check.run(b, o);
        }
        print(check.table());
        check.failures().forEach(spec.commandLine().getOut()::println);
        spec.commandLine().getOut().flush();
        return check.passed() ? 0 : 1;
    }

    @Command(name = "bench", description = "Time the kernels of an op side by side on real models' shapes.")
    int bench(@Parameters(index = "0", paramLabel = "OP", description = "The op, e.g. linear, LinearOp or Conv2dOp.InputGrad.") String op,
            @Parameters(index = "1", arity = "0..1", paramLabel = "CASE", defaultValue = "",
                    description = "Only cases whose name contains this text.") String filter,
            @Option(names = "--shape", paramLabel = "SHAPES", description = "Other shapes for the first case, one for each operand, "
                    + "e.g. 4096x640,640x640,640.", split = ",") String[] shapes,
            @Option(names = "--device", paramLabel = "NAME", description = "cpu, cuda or cuda:N.", defaultValue = "cpu") String device,
            @Option(names = "--millis", paramLabel = "N", defaultValue = "500",
                    description = "Milliseconds for each kernel in each case.") int millis) {
        List<Case> cases = Cases.model(op(op)).stream().filter(c -> c.name().contains(filter)).toList();
        if (cases.isEmpty()) {
            throw wrong("no model case of " + Op.name(op(op)) + " has '" + filter + "' in its name; see 'faithdiff kernels list " + op + "'");
        }
        if (shapes != null) cases = List.of(cases.getFirst().reshaped(Arrays.stream(shapes).map(this::shape).toList()));
        Device on = Backend.device(device);
        Table table = new Table("case", "kernel", "median ms", "best ms", "GFLOP/s", "GB/s", "of limit");
        for (Case c : cases) {
            for (Bench.Time t : Bench.run(c, on, Bench.takers(c, on), millis)) {
                double fraction = on == Device.CPU ? Limits.measured().fraction(c.flops(), c.bytes(), t.nanos()) : Double.NaN;
                table.row(c.name(), t.kernel(), t.nanos() / 1e6, t.best() / 1e6, c.flops() / t.nanos(), c.bytes() / t.nanos(), fraction);
            }
        }
        if (table.size() == 0) throw new IllegalStateException("no kernel takes these cases; see 'faithdiff kernels check " + op + "'");
        print(table);
        if (on == Device.CPU) {
            spec.commandLine().getOut().printf(Locale.ROOT, "The limit: %.0f GFLOP/s of multiply-adds, %.1f GB/s of copying.%n",
                    Limits.measured().gflops(), Limits.measured().gbytes());
        }
        return 0;
    }

    @Command(name = "tune", description = "Find the sizes of blocks with which the CPU is fastest, and use them from then on. Nothing "
            + "else should run meanwhile. Results of restore --exact do not change.")
    int tune(@Option(names = "--minutes", paramLabel = "N", defaultValue = "5", description = "Try no more after so many minutes.") double minutes,
            @Option(names = "--forget", description = "Use the usual sizes again.") boolean forget) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        Map<Tuning, Integer> best = forget ? Map.of() : new Tuner(TuneTrial::run, err::println).best((long) (minutes * 60e9));
        Tuning.keep(best);
        if (forget) return 0;
        spec.commandLine().getOut().println(best.isEmpty() ? "The usual sizes are the best." : Tuning.shown(best) + ", kept in " + Tuning.file());
        return 0;
    }

    private Shape shape(String text) {
        try {
            return Shape.of(Arrays.stream(text.split("x")).mapToInt(Integer::parseInt).toArray());
        } catch (NumberFormatException e) {
            throw wrong("'" + text + "' is not a shape like 4096x640");
        }
    }

    private List<Backend> backends(String kind) {
        if (kind == null) return List.copyOf(Backend.all().values());
        if (Backend.of(kind) == null) throw wrong("there is no device '" + kind + "'; there are " + Backend.all().keySet());
        return List.of(Backend.of(kind));
    }

    private List<Class<? extends Op>> ops(String name) { return name == null ? Cases.ops() : List.of(op(name)); }

    private Class<? extends Op> op(String name) {
        return KernelChoice.op(name).orElseThrow(() -> wrong("there is no op '" + name + "'; there are " + KernelChoice.ops()));
    }

    private ParameterException wrong(String message) { return new ParameterException(spec.commandLine(), message); }

    private void print(Table table) {
        spec.commandLine().getOut().print(table);
        spec.commandLine().getOut().flush();
    }
}
