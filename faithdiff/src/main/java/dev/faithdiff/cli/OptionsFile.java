package dev.faithdiff.cli;

import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.ResultSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * A file of options for {@code restore}: lines of the form {@code name = value}, where the name is that of an option without its dashes and the value
 * ends with the line. Empty lines and lines that begin with {@code #} say nothing. An option without a value is {@code true} or {@code false}.
 */
final class OptionsFile {
    private static final String FLAG = "--config";
    /** Options of which one takes the place of the others. */
    private static final List<String> SIZES = ResultSize.OPTIONS.stream().map(o -> "--" + o.name()).toList();

    private OptionsFile() {}

    /** The arguments with those of the files named by {@code --config} in front, so that the others win. @throws ParameterException in one line */
    static String[] expand(CommandLine line, String[] args) {
        if (args.length == 0 || !args[0].equals("restore")) return args;
        List<String> all = new ArrayList<>(List.of(args[0]));
        CommandLine restore = line.getSubcommands().get(args[0]);
        for (int i = 1; i < args.length && !args[i].equals("--"); i++) {
            if (args[i].startsWith(FLAG + "=")) all.addAll(read(restore, args[i].substring(FLAG.length() + 1)));
            else if (args[i].equals(FLAG) && i + 1 < args.length) all.addAll(read(restore, args[++i]));
        }
        List<String> own = Arrays.asList(args).subList(1, args.length);
        if (own.stream().anyMatch(OptionsFile::isSize)) all.removeIf(OptionsFile::isSize);
        all.addAll(own);
        return all.toArray(String[]::new);
    }

    private static boolean isSize(String argument) { return SIZES.stream().anyMatch(s -> argument.equals(s) || argument.startsWith(s + "=")); }

    private static List<String> read(CommandLine command, String file) {
        List<String> options = new ArrayList<>();
        try {
            for (String text : Files.readAllLines(Path.of(file))) {
                String line = text.replace("\uFEFF", "").strip(); // editors on Windows write this mark in front
                if (!line.isEmpty() && !line.startsWith("#")) options.add(option(command, file, line));
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new ParameterException(command, "cannot read " + file + ": " + ImageFiles.reason(e));
        }
        return options;
    }

    private static String option(CommandLine command, String file, String line) {
        int equals = line.indexOf('=');
        if (equals < 1) throw new ParameterException(command, file + ": '" + line + "' is no line of the form name = value");
        String name = line.substring(0, equals).strip(), value = line.substring(equals + 1).strip();
        CommandSpec spec = command.getCommandSpec();
        OptionSpec option = spec.findOption("--" + name);
        if (option != null && !option.names()[0].equals(FLAG) && !option.usageHelp() && !option.versionHelp()) return "--" + name + "=" + value;
        String nearest = Likeness.nearest(name, spec.options().stream().map(o -> o.longestName().substring(2)).toList());
        String meant = nearest == null ? "" : "; did you mean '" + nearest + "'?";
        throw new ParameterException(command, file + ": there is no option '" + name + "'" + meant);
    }
}
