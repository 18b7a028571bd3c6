package dev.faithdiff.restore;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/** Opens model folders of any kind. */
public final class Restorers {
    /** Sorted, so that help and messages do not depend on the order of the class path. */
    private static final Map<String, RestorerKind> KINDS = new TreeMap<>();

    static {
        for (RestorerKind k : ServiceLoader.load(RestorerKind.class)) KINDS.put(k.kind(), k);
    }

    private Restorers() {}

    /** The options of all kinds, each once. */
    public static List<Option<?>> options() {
        Set<Option<?>> all = new LinkedHashSet<>();
        KINDS.values().forEach(k -> all.addAll(k.options()));
        all.addAll(TwoStages.OPTIONS);
        return List.copyOf(all);
    }

    /** Whether a model folder restores photos. */
    public static boolean isRestorer(Path folder) { return KINDS.containsKey(new ModelFolder(folder).kind()); }

    /** Whether the restorer of a folder says itself what a photo shows: {@link RestorerKind#describes}. */
    public static boolean describes(Path folder) {
        RestorerKind kind = KINDS.get(new ModelFolder(folder).kind());
        return kind != null && kind.describes();
    }

    /** As {@link #open(Path, Compute)}, in F32 with all weights on the device. */
    public static Restorer open(Path folder, Device device) { return open(folder, Compute.on(device)); }

    /**
     * Opens a model folder. If {@code initial} in its {@code model.json} names the folder of a first stage, relative to this one, that is opened,
     * too, and the result is both as {@link TwoStages}. LoRAs are added to this folder's model.
     *
     * @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model
     */
    public static Restorer open(Path folder, Compute on) {
        Path initial = initial(folder);
        return initial == null ? alone(folder, on) : behind(named(initial, folder, on), folder, on);
    }

    /** The folder of the first stage that a model folder names; null if it names none. */
    public static Path initial(Path folder) {
        Config model = new ModelFolder(folder).description();
        return model.has("initial") ? folder.resolve(model.text("initial")).normalize() : null;
    }

    /** Opens a model behind a given first stage. The {@code initial} that its {@code model.json} may name is ignored. @param initial a folder */
    public static TwoStages open(Path initial, Path folder, Compute on) { return behind(first(initial, on), folder, on); }

    private static Restorer named(Path initial, Path folder, Compute on) {
        try {
            return first(initial, on);
        } catch (ModelError e) {
            throw new ModelError(folder.resolve(ModelFolder.DESCRIPTION), "its first stage, 'initial', cannot be opened: " + e.getMessage(), e);
        }
    }

    private static Restorer first(Path folder, Compute on) {
        if (initial(folder) != null) throw new ModelError(folder, "has a first stage of its own, so it cannot be one");
        return alone(folder, on.plain());
    }

    private static TwoStages behind(Restorer first, Path folder, Compute on) {
        try {
            Config model = new ModelFolder(folder).description();
            FirstStage stage = new FirstStage(first, model.number("initial_share", 1), model.integer("initial_passes", 1));
            return new TwoStages(stage, alone(folder, on), model.number("detail", 0));
        } catch (Throwable e) {
            first.close();
            throw e;
        }
    }

    /** Opens a model folder without the first stage that it may name. */
    public static Restorer alone(Path path, Compute on) {
        ModelFolder folder = new ModelFolder(path);
        RestorerKind kind = KINDS.get(folder.kind());
        if (kind != null && (on.loras().isEmpty() || kind.takesLoras())) return kind.open(folder, on);
        if (kind != null) throw new ModelError(path, "is of the kind '" + folder.kind() + "', to which no LoRA can be added");
        throw new ModelError(path, "is of the kind '" + folder.kind() + "', but this program knows " + String.join(", ", KINDS.keySet()));
    }
}
