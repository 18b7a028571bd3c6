package dev.faithdiff.convert;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.SafeTensorsError;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code faithdiff convert}: exit code 0, 1 for a failure told in one line, 2 for wrong usage. */
@Command(name = "faithdiff convert", mixinStandardHelpOptions = true, version = "faithdiff 0.1.0", sortOptions = false,
        description = "Makes one model folder of a released FaithDiff checkpoint: an SDXL folder in diffusers layout, a VAE folder "
                + "and FaithDiff.bin. Nothing in the files is run; pickles may hold tensors and containers only.")
public final class Main implements Callable<Integer> {
    /** What {@code --dtype} takes. */
    enum Precision {
        keep(null), f16(DType.F16), f32(DType.F32), bf16(DType.BF16);

        final DType dtype;

        Precision(DType dtype) { this.dtype = dtype; }
    }

    @Parameters(arity = "0..1", paramLabel = "SOURCE", description = "Folder that holds the parts; they are found by structure.")
    private Path source;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "MODELDIR", description = "Folder to make.")
    private Path output;

    @Option(names = "--sdxl", paramLabel = "DIR", description = "SDXL folder, instead of searching SOURCE.")
    private Path sdxl;

    @Option(names = "--vae", paramLabel = "DIR", description = "VAE folder, instead of searching SOURCE.")
    private Path vae;

    @Option(names = "--faithdiff", paramLabel = "FILE", description = "FaithDiff.bin, instead of searching SOURCE.")
    private Path faithdiff;

    @Option(names = "--dtype", defaultValue = "keep", paramLabel = "TYPE",
            description = "Element type to store: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    @Option(names = "--force", description = "Replace an existing model folder.")
    private boolean force;

    @Option(names = "--verbose", description = "Show stack traces.")
    private boolean verbose;

    public static void main(String[] args) { System.exit(run(args)); }

    /** Runs the command and returns its exit code. */
    public static int run(String... args) {
        CommandLine line = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
        return line.setExecutionExceptionHandler((e, command, parsed) -> {
            boolean told = e instanceof ConvertError || e instanceof SafeTensorsError;
            if (((Main) command.getCommand()).verbose) e.printStackTrace(command.getErr());
            else command.getErr().println(told ? e.getMessage() : "unexpected failure, see --verbose: " + e);
            return 1;
        }).execute(args);
    }

    @Override public Integer call() {
        ModelFolder.check(output, force);
        PrintStream progress = System.console() != null && System.console().isTerminal() ? System.err : null;
        try (Converter converter = new Converter(SourceFolder.find(source, sdxl, vae, faithdiff), precision.dtype)) {
            Report report = converter.plan();
            ModelFolder.write(output, force, folder -> converter.write(folder, progress));
            System.out.println(report);
            System.out.println("wrote " + output);
        }
        return 0;
    }
}
