package dev.faithdiff.convert;

import dev.faithdiff.convert.command.ConvertCommand;
import dev.faithdiff.convert.command.DiffCommand;
import dev.faithdiff.convert.command.InspectCommand;
import dev.faithdiff.convert.command.ModelsCommand;
import dev.faithdiff.convert.command.PullCommand;
import dev.faithdiff.convert.command.SynthCommand;
import dev.faithdiff.convert.command.VerifyCommand;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.tensor.host.Failure;
import dev.faithdiff.tensor.host.Launcher;
import dev.faithdiff.tensor.host.Version;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine;

/** The commands on weight files. Exit code 0 for success, 1 for a failure, which one line explains, 2 for wrong usage. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true, versionProvider = Main.ProgramVersion.class, scope = ScopeType.INHERIT,
        sortOptions = false,
        description = "Fetches, converts and inspects weight files. Nothing in a file is ever executed.",
        subcommands = {PullCommand.class, ModelsCommand.class, ConvertCommand.class, InspectCommand.class, VerifyCommand.class, SynthCommand.class,
            DiffCommand.class})
public final class Main implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--verbose", description = "Show stack traces.", scope = ScopeType.INHERIT)
    private boolean verbose;

    public static void main(String[] args) {
        Launcher.run(Main::run, args);
    }

    /** Runs one command line, for example {@code "convert", SOURCE, "-o", MODELDIR}, and returns its exit code. */
    public static int run(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setCaseInsensitiveEnumValuesAllowed(true).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true);
        line.registerConverter(Path.class, text -> {
            if (text.isEmpty()) throw new TypeConversionException("the name is empty"); // as of a variable that is not set
            return Path.of(text);
        });
        line.setParameterExceptionHandler((e, rest) -> {
            e.getCommandLine().getErr().println("faithdiff: " + Failure.usage(e.getMessage()));
            e.getCommandLine().getErr().println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
            return 2;
        });
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            boolean isList = e instanceof ConvertError; // of all problems of a model, one a line
            command.getErr().println("faithdiff: " + (isList ? e.getMessage() : Failure.line(e)));
            if (main.verbose) e.printStackTrace(command.getErr());
            return 1;
        });
        return line.execute(args);
    }

    @Override public Integer call() {
        spec.commandLine().usage(System.out);
        return 0;
    }

    /** What {@code --version} prints. */
    static final class ProgramVersion implements CommandLine.IVersionProvider {
        @Override public String[] getVersion() { return new String[] {Version.PROGRAM}; }
    }
}
