package dev.faithdiff.cli;

import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.KernelTable;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that chooses the kernel of an op. */
final class KernelChoice {
    @Spec(Spec.Target.MIXEE) private CommandSpec spec;

    @Option(names = "--kernel", paramLabel = "OP=NAME", showDefaultValue = CommandLine.Help.Visibility.NEVER, description = "Use a "
            + "kernel for an op wherever the kernel can compute it, e.g. LinearOp=LinearPacked. NAME 'reference' is the op's own slow loop, or a "
            + "fused op's parts. May be repeated; see 'faithdiff kernels list'.")
    private Map<String, String> kernels = Map.of();

    /** The table in which the chosen kernels come first. @param kind of device. @throws ParameterException if a name is wrong, listing all */
    KernelTable table(String kind) {
        KernelTable table = KernelTable.STANDARD;
        for (Map.Entry<String, String> choice : kernels.entrySet()) {
            String name = choice.getKey();
            Class<? extends Op> op = op(name).orElseThrow(() -> wrong("there is no op '" + name + "'; there are " + ops()));
            try {
                table = table.with(kind, op, choice.getValue());
            } catch (OpError e) {
                throw wrong(e.getMessage());
            }
        }
        return table;
    }

    /** Does work on the CPU, and remarks on choices of which no kernel ran. On a GPU work is not watched, since that would slow it down. */
    <T> T watched(Device on, Consumer<String> remarks, Supplier<T> work) {
        if (kernels.isEmpty() || on != Device.CPU) return work.get();
        Set<String> ran = ConcurrentHashMap.newKeySet();
        T result = Engine.observed((op, in, out, kernel, nanos) -> ran.add(op.name() + "=" + kernel), work);
        kernels.forEach((name, kernel) -> {
            Class<? extends Op> op = op(name).orElseThrow();
            if (FusedOp.class.isAssignableFrom(op) && kernel.equals("reference")) return; // its parts ran instead
            String chosen = Op.name(op) + "=" + kernel;
            if (ran.stream().noneMatch(chosen::equalsIgnoreCase)) remarks.accept("--kernel " + name + "=" + kernel + " was never used");
        });
        return result;
    }

    private ParameterException wrong(String message) { return new ParameterException(spec.commandLine(), message); }

    /** The op of a name, whatever its case, with or without Op at its end: {@code LinearOp}, {@code linear}. */
    static Optional<Class<? extends Op>> op(String name) {
        return Cases.ops().stream().filter(o -> Op.name(o).equalsIgnoreCase(name) || Op.name(o).replace("Op", "").equalsIgnoreCase(name)).findFirst();
    }

    static List<String> ops() { return Cases.ops().stream().map(Op::name).toList(); }
}
