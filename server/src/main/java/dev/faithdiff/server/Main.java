package dev.faithdiff.server;

import dev.faithdiff.tensor.Launcher;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands {@code serve} and {@code lab}, which the launcher starts: exit code 2 for usage, 1 for failure. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true)
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        Launcher.begin();
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
