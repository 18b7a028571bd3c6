package dev.faithdiff.convert.command;

import dev.faithdiff.convert.system.Precision;
import dev.faithdiff.convert.system.Published;
import dev.faithdiff.convert.system.SyntheticMeasure;
import dev.faithdiff.convert.system.SyntheticModel;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code faithdiff synth}: makes a model of random weights, to measure with where the released ones are not at hand. */
@Command(name = "synth", sortOptions = false, description = "Makes a model folder of random weights, to measure time and memory with: "
        + "it cannot restore photos. The same seed gives the same bytes.")
public final class SynthCommand implements Callable<Integer> {
    /** What is made. */
    private static final class Kind {
        @Option(names = "--arch", required = true, paramLabel = "ARCH",
                description = "${COMPLETION-CANDIDATES}: the sizes of FaithDiff on SDXL, of the small model, or of another released system.")
        private Published architecture;

        @Option(names = "--metric", required = true, paramLabel = "NAME", completionCandidates = Metrics.class,
                description = "Or the network of a measure in its released sizes: ${COMPLETION-CANDIDATES}. Its values mean nothing.")
        private String metric;
    }

    /** The names that {@code --metric} takes. */
    static final class Metrics implements Iterable<String> {
        @Override public Iterator<String> iterator() { return SyntheticMeasure.kinds().iterator(); }
    }

    @ArgGroup(multiplicity = "1")
    private Kind kind;

    @Mixin private Output output;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "Seed of the random values (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--dtype", defaultValue = "f16", paramLabel = "TYPE", converter = ConvertCommand.Types.class,
            description = "Element type to store, as in convert (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    @Override public Integer call() {
        return output.make(() -> kind.metric != null ? new SyntheticMeasure(kind.metric, seed, precision)
                : new SyntheticModel(kind.architecture, seed, precision));
    }
}
