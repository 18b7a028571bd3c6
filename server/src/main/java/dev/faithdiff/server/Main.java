package dev.faithdiff.server;

import dev.faithdiff.server.lab.LabCommand;
import dev.faithdiff.tensor.Launcher;
import dev.faithdiff.tensor.Version;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The commands {@code serve} and {@code lab}, which the launcher starts: exit code 2 for usage, 1 for failure. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true, versionProvider = Main.ProgramVersion.class, scope = ScopeType.INHERIT,
        description = "Serves pages and an API.", subcommands = {ServeCommand.class, LabCommand.class})
public final class Main implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--verbose", description = "Show the stack trace of a failure.", scope = ScopeType.INHERIT)
    private boolean verbose;

    public static void main(String[] args) {
        Launcher.begin();
        System.exit(run(args));
    }

    /** Runs one command line and returns its exit code. */
    static int run(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setCaseInsensitiveEnumValuesAllowed(true).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true);
        line.setParameterExceptionHandler((e, rest) -> {
            e.getCommandLine().getErr().println("faithdiff: " + e.getMessage());
            e.getCommandLine().getErr().println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
            return 2;
        });
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println("faithdiff: " + dev.faithdiff.cli.Main.reason(e));
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
