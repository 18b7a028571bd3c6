package dev.faithdiff.cli;

import dev.faithdiff.tensor.Launch;
import dev.faithdiff.tensor.Version;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line: exit code 2 for usage, 1 for failure with one line, a stack trace only with {@code --verbose}. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true, versionProvider = Main.ProgramVersion.class, scope = ScopeType.INHERIT,
        description = {"Restores degraded photos with FaithDiff and other models.",
            "More commands are for weight files: convert, inspect, verify, synth, diff (see faithdiff convert --help)."},
        subcommands = {RestoreCommand.class, DevicesCommand.class, DegradeCommand.class, CompareCommand.class, EvaluateCommand.class,
            KernelsCommand.class, TrainCommand.class})
public final class Main implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--verbose", description = "Show the stack trace of a failure.", scope = ScopeType.INHERIT)
    private boolean verbose;

    public static void main(String[] args) {
        Launch.begin();
        System.exit(run(args));
    }

    /** Runs one command line and returns its exit code. */
    static int run(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((e, a) -> usage(e));
        line.setExecutionExceptionHandler((e, l, result) -> failure(l.getErr(), e, main.verbose));
        try {
            return line.execute(args);
        } catch (OutOfMemoryError e) {
            return failure(line.getErr(), e, main.verbose);
        }
    }

    private static int usage(ParameterException e) {
        PrintWriter err = e.getCommandLine().getErr();
        err.println("faithdiff: " + e.getMessage());
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return 2;
    }

    private static int failure(PrintWriter err, Throwable e, boolean verbose) {
        err.println("faithdiff: " + reason(e));
        if (verbose) e.printStackTrace(err);
        return 1;
    }

    /** The reason of a failure, in one line for the user. */
    static String reason(Throwable e) {
        Throwable shown = e instanceof UncheckedIOException && e.getCause() != null ? e.getCause() : e;
        String message = shown.getMessage();
        if (e instanceof OutOfMemoryError && !String.valueOf(message).startsWith("out of memory")) {
            message = "out of memory (" + message + "); use a smaller image or scale";
        }
        if (message == null || shown instanceof IndexOutOfBoundsException || shown instanceof NullPointerException) {
            message = "internal error: " + shown + " (run with --verbose for details)";
        }
        return message.replaceAll("\\s*\\R\\s*", " ") + DeviceChoice.advice(shown);
    }

    @Override public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    /** What {@code --version} prints. */
    static final class ProgramVersion implements CommandLine.IVersionProvider {
        @Override public String[] getVersion() { return new String[] {Version.PROGRAM}; }
    }
}
