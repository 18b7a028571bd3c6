package dev.faithdiff.spark;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;

import dev.faithdiff.cli.ComputeChoice;
import dev.faithdiff.cli.Main;
import dev.faithdiff.cli.ModelChoice;
import dev.faithdiff.cli.OptionFlags;
import dev.faithdiff.cli.ResultOptions;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Worklist;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The options of {@link RestoreJob}: where photos lie and results go, and of {@code faithdiff restore} those that say what is done to a photo. */
@Command(name = "RestoreJob", mixinStandardHelpOptions = true, sortOptions = false, showDefaultValues = true,
        description = "Restore the photos of a folder or a list, on a cluster.",
        footer = {"", "Folders and files are paths or URIs of any file system that this cluster's Hadoop knows.",
            "A caption beside a photo (photo.txt, or \"caption\" in photo.json) is its prompt, if the model reads text."})
final class RestoreOptions {
    /** What IN is a list in. */
    enum ListFormat {
        TEXT, PARQUET;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** What the table of photos is written in. */
    enum TableFormat {
        PARQUET, JSON;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** Flags of folders that may lie at a URI. */
    static final String MODEL = "--model", FIRST = "--initial";
    private static final String DEVICE = "--device";

    @Spec private CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "IN", description = "The folder of photos, or with --list a list of photos.")
    String in;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "OUT", description = "The folder of results. A photo keeps its path below IN.")
    String out;

    @Option(names = "--list", paramLabel = "NAME", description = "IN is a list: text, one photo a line, or parquet.")
    ListFormat list;

    @Option(names = "--column", paramLabel = "NAME", description = "With --list parquet: the column that names the photos.")
    String column = "path";

    @Option(names = "--below", paramLabel = "FOLDER", description = "With --list: the folder below which photos keep their paths (default: the "
            + "deepest one that all of them are in).")
    String below;

    @Option(names = "--table", paramLabel = "FOLDER", description = "Append to this table what became of each photo (default: OUT/_photos).")
    String table;

    @Option(names = "--table-format", paramLabel = "NAME", description = "What the table is written in: ${COMPLETION-CANDIDATES}.")
    TableFormat tableFormat = TableFormat.PARQUET;

    @Option(names = "--partitions", paramLabel = "N", description = "Into how many shares of equal cost the photos are dealt (default: 16 for each "
            + "task that runs at once).")
    int partitions;

    @Option(names = "--tries", paramLabel = "N", description = "How often a photo is read, and a result is written, before an error of the "
            + "file system counts.")
    int tries = 3;

    @Mixin ModelChoice model;

    @Mixin OptionFlags flags;

    @Mixin ComputeChoice compute;

    @Mixin private ResultOptions results;

    /** Reads arguments. @throws ParameterException in one line if they are wrong */
    static RestoreOptions of(List<String> arguments) {
        RestoreOptions options = new RestoreOptions();
        Main.reader(options).parseArgs(arguments.toArray(String[]::new));
        options.flags.check();
        return options;
    }

    /** @throws ParameterException in one line if what was asked for does not go together */
    void check() {
        if (partitions < 0 || tries < 1) throw usage("--partitions must be at least 0, and --tries at least 1");
        if (list == null && below != null) throw usage("--below goes with --list");
        if (results.isReported()) throw usage("the job's table is its log and its progress");
        if (AutoPrompt.of(TILE_PROMPTS, flags.text(TILE_PROMPTS)) != null) throw usage("--tile-prompts auto is not for a cluster: write the texts");
        if (AutoPrompt.of(PROMPT, flags.text(PROMPT)) != null) {
            throw usage("--prompt auto is not for a cluster: a model that describes photos does so without it, and for others write captions "
                    + "beside the photos first ('faithdiff tag --write')");
        }
    }

    ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }

    /** Arguments that mean the same in any folder of any machine, as long as models' folders lie at the same place there, or at a URI. */
    List<String> elsewhere(List<String> arguments) {
        List<String> all = new ArrayList<>();
        for (String a : arguments) {
            boolean isWhole = a.startsWith(MODEL + "=") || a.startsWith(FIRST + "=");
            all.addAll(isWhole ? List.of(a.split("=", 2)) : List.of(a));
        }
        if (!isUri(all, MODEL)) all.addAll(List.of(MODEL, model.folder().toString()));
        if (all.contains(FIRST) && !isUri(all, FIRST)) all.addAll(List.of(FIRST, model.first().toString()));
        return all;
    }

    private static boolean isUri(List<String> arguments, String flag) {
        int at = arguments.lastIndexOf(flag);
        return at >= 0 && at + 1 < arguments.size() && isUri(arguments.get(at + 1));
    }

    static boolean isUri(String place) { return place.contains("://"); }

    /** The same arguments for one GPU. @param address as Spark gives it; null: the arguments' own device */
    static List<String> on(List<String> arguments, String address) {
        return address == null ? arguments : Stream.concat(arguments.stream(), Stream.of(DEVICE, "cuda:" + address)).toList();
    }

    /** The rules of the command line, without files of single steps. */
    Batch.Rules rules() { return results.rules(false); }

    /** Says which name the result of each photo gets. */
    Worklist names() { return results.worklist(List.of(), null); }
}
