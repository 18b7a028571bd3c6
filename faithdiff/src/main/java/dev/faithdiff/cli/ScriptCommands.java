package dev.faithdiff.cli;

import java.io.PrintWriter;
import java.util.ServiceLoader;
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

    /** All commands, also those of the other programs that the launcher starts by the same name; the class path says which there are. */
    private static CommandLine all(CommandSpec spec) {
        CommandLine root = spec.root().commandLine();
        for (Callable<?> other : ServiceLoader.load(Callable.class)) {
            CommandLine line = new CommandLine(other);
            if (line.getSubcommands().isEmpty()) root.addSubcommand(line);
            line.getSubcommands().values().forEach(command -> root.addSubcommand(new CommandLine(command.getCommandSpec().userObject())));
        }
        return root;
    }

    /** Prints a script by which bash and zsh complete commands and options. */
    @Command(name = "completion", hidden = true, description = "Print a completion script for bash and zsh: source <(faithdiff completion)")
    static final class Completion implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Override public Integer call() {
            spec.commandLine().getOut().println(AutoComplete.bash("faithdiff", all(spec)));
            return 0;
        }
    }

    /** Prints the help of all commands as a page for {@code man}. */
    @Command(name = "man", hidden = true, description = "Print a manual page: faithdiff man > faithdiff.1; man ./faithdiff.1")
    static final class Man implements Callable<Integer> {
        @Spec private CommandSpec spec;

        @Override public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            CommandLine root = all(spec);
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
