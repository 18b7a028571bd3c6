package dev.faithdiff.cli;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SIZE;

import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.ResultSize;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all kinds of restorers, as flags of a command. Options of one name share a flag. */
@Command // a mixin needs an annotation of picocli's, and the flags have none
public final class OptionFlags {
    /** Options by name. Two kinds may have different options of one name. */
    private final Map<String, List<Option<?>>> known = new LinkedHashMap<>();
    private CommandSpec spec;

    public OptionFlags() {
        for (Option<?> o : Restorers.options()) known.computeIfAbsent(o.name(), n -> new ArrayList<>()).add(o);
    }

    @Spec(Spec.Target.MIXEE) void addTo(CommandSpec command) {
        spec = command;
        known.values().forEach(same -> command.addOption(flag(same)));
    }

    /** The help of different options of one name is that of each. */
    private static OptionSpec flag(List<Option<?>> same) {
        String description = same.stream().map(o -> o.help() + " (" + o.rule() + "; default: " + o.otherwise() + ")").distinct()
                .collect(Collectors.joining(" For other models: "));
        List<String> choices = same.stream().flatMap(o -> o.choices().stream()).map(Object::toString).distinct().toList();
        return OptionSpec.builder("--" + same.getFirst().name()).type(String.class).paramLabel(same.getFirst().label())
                .description(description.replace("%", "%%")).completionCandidates(choices).showDefaultValue(Visibility.NEVER).build();
    }

    /** Checks the flags before a model is opened. @throws ParameterException if no option of a flag's name takes its value, or two sizes are given */
    public void check() {
        given().forEach((name, text) -> set(Options.defaults(), known.get(name), text));
        // Options do not tell a scale that is given from the same one that is not.
        if (ResultSize.OPTIONS.stream().filter(o -> given().containsKey(o.name())).count() > 1) {
            throw new ParameterException(spec.commandLine(), ResultSize.EXCLUSIVE);
        }
    }

    /** A restorer's defaults with the values of the flags that were given. */
    public Options of(Restorer restorer) {
        Options all = restorer.defaults();
        for (var flag : given().entrySet()) {
            List<Option<?>> own = restorer.options().stream().filter(o -> o.name().equals(flag.getKey())).toList();
            all = set(all, own.isEmpty() ? known.get(flag.getKey()) : own, flag.getValue());
        }
        return all;
    }

    /** Whether results are as much larger than their photos as a scale says, and not of one size. */
    public boolean scales() { return given().keySet().stream().noneMatch(n -> n.equals(SIZE.name()) || n.equals(LONG_SIDE.name())); }

    /** The value of an option's flag; null if it is not given. */
    public String text(Option<?> option) { return given().get(option.name()); }

    private Map<String, String> given() {
        Map<String, String> given = new LinkedHashMap<>();
        for (String name : known.keySet()) {
            String text = spec.findOption("--" + name).getValue();
            if (text != null) given.put(name, text);
        }
        return given;
    }

    private Options set(Options options, List<Option<?>> same, String text) {
        try {
            return options.parsed(same, text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
    }
}
