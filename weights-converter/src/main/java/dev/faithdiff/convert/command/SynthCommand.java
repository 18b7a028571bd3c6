package dev.faithdiff.convert.command;

import dev.faithdiff.convert.system.Precision;
import dev.faithdiff.convert.system.Published;
import dev.faithdiff.convert.system.SyntheticModel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code faithdiff synth}: a model of random weights, for measuring without the released ones. */
@Command(name = "synth", sortOptions = false, description = "Writes a model folder of random weights: the same seed gives the same bytes. "
        + "It restores nothing; it is for measuring time and memory.")
public final class SynthCommand implements Callable<Integer> {
    @Option(names = "--arch", required = true, paramLabel = "ARCH",
            description = "${COMPLETION-CANDIDATES}: full FaithDiff on SDXL, or the small model's sizes.")
    private Published architecture;

    @Mixin private Output output;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "Decides all values (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--dtype", defaultValue = "f16", paramLabel = "TYPE", converter = ConvertCommand.Types.class,
            description = "Element type to store, as in convert (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    @Override public Integer call() {
        return output.make(() -> new SyntheticModel(architecture, seed, precision));
    }
}
