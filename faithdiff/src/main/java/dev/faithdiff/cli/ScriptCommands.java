package dev.faithdiff.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Commands whose output is for a shell or for {@code man}. They are left out of the help, since they are needed once. */
final class ScriptCommands {
    private ScriptCommands() {}

    /** Prints a script by which bash and zsh complete commands and options. */
    @Command(name = "completion", hidden = true, description = "Print a completion script for bash and zsh: source <(faithdiff completion)")
    static final class Completion implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Override public Integer call() {
            spec.commandLine().getOut().println(AutoComplete.bash("faithdiff", spec.root().commandLine()));
            return 0;
        }
    }

    /** Prints the help of all commands as a page for {@code man}. */
    @Command(name = "man", hidden = true, description = "Print a manual page: faithdiff man > faithdiff.1; man ./faithdiff.1")
    static final class Man implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Override public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            CommandLine root = spec.root().commandLine();
            out.println(".TH FAITHDIFF 1\n.SH NAME\nfaithdiff \\- restores degraded photos");
            section(out, "SYNOPSIS AND COMMANDS", root);
            root.getSubcommands().forEach((name, command) -> {
                if (!command.getCommandSpec().usageMessage().hidden()) section(out, "faithdiff " + name, command);
            });
            out.flush();
            return 0;
        }

        private static void section(PrintWriter out, String title, CommandLine command) {
            out.println(".SH \"" + title.toUpperCase(java.util.Locale.ROOT) + "\"\n.nf");
            command.getUsageMessage(Ansi.OFF).lines().forEach(line -> out.println("\\&" + line.replace("\\", "\\e").replace("-", "\\-")));
            out.println(".fi");
        }
    }
}
