package dev.faithdiff.cli;

import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.tensor.host.Failure;
import dev.faithdiff.tensor.host.Launcher;
import dev.faithdiff.tensor.host.Version;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;
import picocli.CommandLine;

/** The command line: exit code 2 for usage, 1 for failure with one line, a stack trace only with {@code --verbose}. */
@Command(name = "faithdiff", mixinStandardHelpOptions = true, versionProvider = Main.ProgramVersion.class, scope = ScopeType.INHERIT,
        description = {"Restores degraded photos with FaithDiff and other models. 'faithdiff photo.jpg' is 'faithdiff restore photo.jpg'."},
        commandListHeading = "%nCommands:%n",
        subcommands = {RestoreCommand.class, DevicesCommand.class, DegradeCommand.class, CompareCommand.class, MeasureCommand.class,
            TagCommand.class, CaptionCommand.class, QualityCommand.class, EvaluateCommand.class, CalibrateCommand.class,
            VerifyResultCommand.class, StudyCommand.class, BenchSystemsCommand.class, KernelsCommand.class, TrainCommand.class,
            CommandLine.HelpCommand.class, ScriptCommands.Completion.class, ScriptCommands.Man.class})
public final class Main implements Callable<Integer> {
    /** Commands of other programs, which the launcher starts by the same name. */
    private static final List<String> ELSEWHERE = List.of("pull", "models", "convert", "inspect", "verify", "diff", "synth", "bench", "serve",
            "lab");
    /** Their lines in the help of the program; as an annotation's footer they would be in the help of each command. */
    private static final String[] ELSEWHERE_HELP = {"  pull      Fetch a released model and convert it.",
        "  models    Show which models are installed, and which can be had.",
        "  convert   Make a model folder from a released checkpoint.",
        "  inspect   Show what a weight file or a model folder holds.",
        "  verify    Check that a model folder is complete.",
        "  diff      Show how the tensors of two files or models differ.",
        "  synth     Make a model folder of random weights, to measure with.",
        "  bench     Time kernels, blocks and models.",
        "  serve     Restore photos from a page in a browser and by an HTTP API.",
        "  lab       Try a kernel in a browser: its errors, its speed, its effect."};

    @Spec private CommandSpec spec;

    @Option(names = "--verbose", description = "Show the stack trace of a failure, and why the CPU or a GPU was chosen.", scope = ScopeType.INHERIT)
    private boolean verbose;

    public static void main(String[] args) {
        Launcher.run(Main::run, args);
    }

    /** Runs one command line and returns its exit code. */
    static int run(String... args) {
        Main main = new Main();
        CommandLine line = line(main, () -> main.verbose).setParameterExceptionHandler((e, _) -> usage(e));
        line.getCommandSpec().usageMessage().footerHeading("%nCommands for weight files, measuring and serving, each with --help:%n")
                .footer(ELSEWHERE_HELP);
        try {
            return line.execute(FormerNames.replaced(OptionsFile.expand(line, commanded(line, args))));
        } catch (ParameterException e) {
            return usage(e);
        } catch (Error e) { // which picocli hands to no handler
            return failure(line.getErr(), e, main.verbose);
        }
    }

    /** A program that reads its commands and answers what is wrong as this one does. @param verbose whether a failure shows its stack trace */
    public static CommandLine line(Object program, BooleanSupplier verbose) {
        return reader(program).setParameterExceptionHandler((e, _) -> usage(e, e.getMessage()))
                .setExecutionExceptionHandler((e, line, _) -> failure(line.getErr(), e, verbose.getAsBoolean()));
    }

    /**
     * How options are read: names of values in any case, no files of arguments, and of an option that is given twice the last. An empty path, as
     * of a variable that is not set, is not the working folder.
     */
    public static CommandLine reader(Object command) {
        return new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true).setExpandAtFiles(false).setOverwrittenOptionsAllowed(true)
                .registerConverter(Path.class, text -> {
                    if (text.isEmpty()) throw new TypeConversionException("the name is empty");
                    return Path.of(text);
                });
    }

    static boolean isVerbose(CommandSpec command) { return ((Main) command.root().userObject()).verbose; }

    /** A photo or folder alone is restored. */
    private static String[] commanded(CommandLine line, String[] args) {
        if (args.length == 0 || line.getSubcommands().containsKey(args[0]) || !isPhotoOrFolder(args[0])) return args;
        List<String> all = new ArrayList<>(List.of("restore"));
        all.addAll(Arrays.asList(args));
        return all.toArray(String[]::new);
    }

    private static boolean isPhotoOrFolder(String argument) {
        if (argument.equals("-")) return true;
        if (argument.startsWith("-") || ELSEWHERE.contains(argument)) return false;
        try {
            return Files.exists(Path.of(argument)) || ImageFiles.isPhoto(Path.of(argument));
        } catch (InvalidPathException e) {
            return true; // no command is named so
        }
    }

    private static int usage(ParameterException e) {
        CommandLine command = e.getCommandLine();
        boolean isCommand = e instanceof UnmatchedArgumentException u && !u.isUnknownOption() && command.getParent() == null;
        return usage(e, isCommand ? noCommand(command, ((UnmatchedArgumentException) e).getUnmatched().getFirst()) : e.getMessage());
    }

    private static int usage(ParameterException e, String message) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("faithdiff: " + Failure.usage(message));
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return 2;
    }

    private static String noCommand(CommandLine line, String name) {
        if (ELSEWHERE.contains(name)) return "'" + name + "' is a command of the launcher bin/faithdiff";
        List<String> known = new ArrayList<>(ELSEWHERE);
        line.getSubcommands().forEach((command, l) -> {
            if (!l.getCommandSpec().usageMessage().hidden()) known.add(command);
        });
        String nearest = Likeness.nearest(name, known);
        return "there is no command or file '" + name + "'" + (nearest == null ? "" : "; did you mean '" + nearest + "'?");
    }

    private static int failure(PrintWriter err, Throwable e, boolean verbose) {
        err.println("faithdiff: " + reason(e));
        if (verbose) e.printStackTrace(err);
        return 1;
    }

    /** The reason of a failure, in one line for the user. */
    public static String reason(Throwable e) {
        return Failure.line(e) + DeviceChoice.advice(Failure.shown(e));
    }

    @Override public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    /** What {@code --version} prints. */
    public static final class ProgramVersion implements CommandLine.IVersionProvider {
        @Override public String[] getVersion() { return new String[] {Version.PROGRAM}; }
    }
}
