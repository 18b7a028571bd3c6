package dev.faithdiff.restore.caption;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Opens model folders of captioners of any kind. */
public final class Captioners {
    private static final String TAGS = "tags", SENTENCES = "llava";
    private static final Map<String, CaptionerKind> KINDS = new TreeMap<>();

    static {
        for (CaptionerKind k : ServiceLoader.load(CaptionerKind.class)) KINDS.put(k.kind(), k);
    }

    private Captioners() {}

    /** As {@link #open(Path, Device, CaptionOptions)} with the published options. */
    public static Captioner open(Path path, Device device) { return open(path, device, CaptionOptions.PUBLISHED); }

    /** Opens a model folder. @throws RuntimeException of one line, naming the file, if it is no captioner's, or a part is missing or damaged */
    public static Captioner open(Path path, Device device, CaptionOptions options) {
        ModelFolder folder = new ModelFolder(path);
        CaptionerKind kind = KINDS.get(folder.kind());
        if (kind != null) return kind.open(folder, device, options);
        throw new ModelError(path, "is of the kind '" + folder.kind() + "', but captioners are " + String.join(", ", KINDS.keySet()));
    }

    /**
     * The folder of a captioner: of a name or path; without one, of the first that is installed; for {@code llava} and {@code tags}, which are no
     * folders, of the first one that writes sentences or tags.
     *
     * @throws ModelError if none is
     */
    public static Path folder(String name) {
        boolean tags = TAGS.equals(name), kind = (tags || SENTENCES.equals(name)) && !Files.exists(ModelPlaces.of(Path.of(name)));
        if (name != null && !kind) return ModelPlaces.of(Path.of(name));
        List<Path> installed = ModelPlaces.installed().stream().filter(f -> is(f, kind ? tags : null)).toList();
        if (!installed.isEmpty()) return installed.getFirst();
        throw new ModelError(ModelPlaces.pulled(), "holds no captioner" + (kind ? " of the kind '" + name + "'" : "")
                + (kind && !tags ? "; docs/captions.md says how to make one" : "; 'faithdiff pull dape' fetches one"));
    }

    /** @param tags whether it must be a tagger, or must not; null: either */
    private static boolean is(Path folder, Boolean tags) {
        try {
            CaptionerKind kind = KINDS.get(new ModelFolder(folder).kind());
            return kind != null && (tags == null || kind.tags() == tags);
        } catch (RuntimeException e) {
            return false; // a damaged folder is no captioner
        }
    }
}
