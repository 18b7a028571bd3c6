package dev.faithdiff.server;

import dev.faithdiff.cli.Main.ProgramVersion;
import dev.faithdiff.server.lab.LabCommand;
import dev.faithdiff.tensor.host.Launcher;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The commands {@code serve} and {@code lab}, which the launcher starts: exit code 2 for usage, 1 for failure. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true, versionProvider = ProgramVersion.class, scope = ScopeType.INHERIT,
        description = "Serves pages and an API.", subcommands = {ServeCommand.class, LabCommand.class})
public final class Main implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(names = "--verbose", description = "Show the stack trace of a failure.", scope = ScopeType.INHERIT)
    private boolean verbose;

    public static void main(String[] args) {
        Launcher.run(Main::run, args);
    }

    /** Runs one command line and returns its exit code. */
    static int run(String... args) {
        Main main = new Main();
        return dev.faithdiff.cli.Main.line(main, () -> main.verbose).execute(args);
    }

    @Override public Integer call() {
        spec.commandLine().usage(System.out);
        return 0;
    }
}
