package dev.faithdiff.cli;

import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that puts a kernel first for an op. */
final class KernelChoice {
    @Spec(Spec.Target.MIXEE) private CommandSpec spec;

    @Option(names = "--kernel", paramLabel = "OP=NAME", description = "Put a kernel first for an op, e.g. LinearOp=LinearPacked, or its "
            + "reference (slow); may be repeated. See 'faithdiff kernels list'.")
    private Map<String, String> kernels = Map.of();

    /** Makes the choice for a kind of device. @throws ParameterException listing what there is instead of a wrong name */
    void apply(String kind) {
        kernels.forEach((name, kernel) -> {
            Class<? extends Op> op = op(name).orElseThrow(() -> wrong("there is no op '" + name + "'; there are " + ops()));
            List<String> own = Stream.concat(Backend.of(kind).kernels().stream().filter(k -> k.op() == op).map(k -> k.name()), Stream.of("reference")).toList();
            if (!own.contains(kernel)) throw wrong("there is no kernel '" + kernel + "' for " + Op.name(op) + " on " + kind + "; there are " + own);
            Engine.choose(op, kernel);
        });
    }

    private ParameterException wrong(String message) { return new ParameterException(spec.commandLine(), message); }

    /** The op of a name in any case, with or without its ending: {@code LinearOp}, {@code linear}. */
    static Optional<Class<? extends Op>> op(String name) {
        return Cases.ops().stream().filter(o -> Op.name(o).equalsIgnoreCase(name) || Op.name(o).replace("Op", "").equalsIgnoreCase(name)).findFirst();
    }

    static List<String> ops() { return Cases.ops().stream().map(Op::name).toList(); }
}
