package dev.faithdiff.cli;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.batch.ResultSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The options that say which model a command uses. */
public final class ModelChoice {
    private static final int DIGITS = 12;

    @Option(names = "--model", paramLabel = "MODEL", description = "Folder of the model, made by 'faithdiff convert' or 'faithdiff train', or a name "
            + "that 'faithdiff models' shows (default: the bundled small model).")
    private Path model;

    @Option(names = "--initial", paramLabel = "MODEL", description = "Folder or name of a first-stage model. It restores the photo, and the model "
            + "restores its result (default: the first stage that the model names, if any).")
    private Path initial;

    @Option(names = "--lora", paramLabel = LoraFile.FORM, converter = Loras.class, showDefaultValue = Visibility.NEVER,
            description = "Add a LoRA to the model's weights while they are read: a safetensors file, and how strongly its change counts "
            + "(default: 1). Give it again for more of them.")
    private List<LoraFile> loras = new ArrayList<>();

    /** Reads the value of {@code --lora}. */
    private static final class Loras implements ITypeConverter<LoraFile> {
        @Override public LoraFile convert(String text) { return LoraFile.of(text); }
    }

    /** As if {@code --model} were given. @param folder or a name; null: the default */
    public static ModelChoice of(Path folder) {
        ModelChoice choice = new ModelChoice();
        choice.model = folder;
        return choice;
    }

    List<LoraFile> loras() { return loras; }

    /** Opens the model, behind its first stage if it has one. */
    public Restorer open(Compute on) { return initial == null ? Restorers.open(folder(), on) : Restorers.open(absolute(initial), folder(), on); }

    /** Whether the model says itself what a photo shows. */
    public boolean describes() { return Restorers.describes(folder()); }

    /** Whether the model is FaithDiff, whose published scripts shorten captions. */
    boolean isFaithDiff() { return new ModelFolder(folder()).kind().equals("faithdiff"); }

    /** The names of the model folders, and of LoRAs with their strengths. */
    public String names() { return ofFolders(folder -> folder.getFileName().toString()) + (loras.isEmpty() ? "" : " with " + LoraFile.names(loras)); }

    /** The first digits of the model folders' digests; the last one's covers the LoRAs. */
    public String digests() {
        Map<String, Path> added = LoraFile.digested(loras);
        return ofFolders(folder -> new ModelFolder(folder).digest(folder.equals(folder()) ? added : Map.of()).substring(0, DIGITS));
    }

    /** Something about the first stage's folder, where there is one, and about the model's. */
    private String ofFolders(Function<Path, String> fact) {
        Path first = initial == null ? Restorers.initial(folder()) : absolute(initial);
        return (first == null ? "" : fact.apply(first) + " and ") + fact.apply(folder());
    }

    /** Every file that results follow from, by its folder's name and its path there. */
    Map<String, Path> files() {
        Map<String, Path> files = new LinkedHashMap<>();
        Path first = initial == null ? Restorers.initial(folder()) : absolute(initial);
        if (first != null) put(files, "first stage ", first);
        put(files, "", folder());
        loras.forEach(l -> files.put("LoRA " + l.path().getFileName(), l.path()));
        return files;
    }

    private static void put(Map<String, Path> files, String start, Path folder) {
        new ModelFolder(folder).parts().forEach(name -> files.put(start + folder.getFileName() + "/" + name, folder.resolve(name)));
    }

    /** The settings of all photos, checked before any of them. @throws IllegalArgumentException if the restorer refuses an option */
    public ResultSettings settings(Restorer restorer, Options options) {
        restorer.check(options);
        return new ResultSettings(names(), digests(), options, restorer.options());
    }

    /** The flags that were given, by name, as they were. */
    Map<String, Object> asked() {
        Map<String, Object> asked = new LinkedHashMap<>();
        if (model != null) asked.put("model", model.toString());
        if (initial != null) asked.put("initial", initial.toString());
        if (!loras.isEmpty()) asked.put("lora", loras.stream().map(l -> l.path() + ":" + l.strength()).toList());
        return asked;
    }

    /** Takes flags from elsewhere, as {@link #asked} gave them, where none were given; several values are lines. */
    void orElse(Map<String, String> asked) {
        if (model == null && asked.containsKey("model")) model = Path.of(asked.get("model"));
        if (initial == null && asked.containsKey("initial")) initial = Path.of(asked.get("initial"));
        if (loras.isEmpty() && asked.containsKey("lora")) loras = asked.get("lora").lines().map(LoraFile::of).toList();
    }

    /** The calibration in the model's folder; null if there is none. */
    public Calibration calibration() { return Calibration.ofModel(folder()); }

    /** The model's folder. */
    public Path folder() {
        if (model != null) return absolute(model);
        String usual = System.getProperty("faithdiff.model");
        if (usual != null) return absolute(Path.of(usual));
        String home = System.getProperty("faithdiff.home");
        if (home == null) {
            throw new IllegalStateException("no --model is given and the property faithdiff.home does not say where the bundled one is");
        }
        return Path.of(home, "models", "faithdiff-mini");
    }

    /** The folder of the first stage that was asked for; null: none was. */
    public Path first() { return initial == null ? null : absolute(initial); }

    private static Path absolute(Path folder) { return ModelPlaces.of(folder).toAbsolutePath().normalize(); }
}
