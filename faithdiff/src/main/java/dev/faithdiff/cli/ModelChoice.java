package dev.faithdiff.cli;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The options that say which model a command uses. */
final class ModelChoice {
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

    List<LoraFile> loras() { return loras; }

    Restorer open(Compute on) { return initial == null ? Restorers.open(folder(), on) : Restorers.open(absolute(initial), folder(), on); }

    /** Whether the model says itself what a photo shows. */
    boolean describes() { return Restorers.describes(folder()); }

    /** The names of the model folders, and of LoRAs with their strengths. */
    String names() { return ofFolders(folder -> folder.getFileName().toString()) + (loras.isEmpty() ? "" : " with " + LoraFile.names(loras)); }

    /** The first digits of the model folders' digests; the last one's covers the LoRAs. */
    String digests() {
        Map<String, Path> added = LoraFile.digested(loras);
        return ofFolders(folder -> new ModelFolder(folder).digest(folder.equals(folder()) ? added : Map.of()).substring(0, DIGITS));
    }

    /** Something about the first stage's folder, where there is one, and about the model's. */
    private String ofFolders(Function<Path, String> fact) {
        Path first = initial == null ? Restorers.initial(folder()) : absolute(initial);
        return (first == null ? "" : fact.apply(first) + " and ") + fact.apply(folder());
    }

    private Path folder() {
        if (model != null) return absolute(model);
        String usual = System.getProperty("faithdiff.model");
        if (usual != null) return absolute(Path.of(usual));
        String home = System.getProperty("faithdiff.home");
        if (home == null) {
            throw new IllegalStateException("no --model is given and the property faithdiff.home does not say where the bundled one is");
        }
        return Path.of(home, "models", "faithdiff-mini");
    }

    private static Path absolute(Path folder) { return ModelPlaces.of(folder).toAbsolutePath().normalize(); }
}
