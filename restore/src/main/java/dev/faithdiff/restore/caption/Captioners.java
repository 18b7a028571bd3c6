package dev.faithdiff.restore.caption;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Opens model folders of captioners of any kind. */
public final class Captioners {
    private static final Map<String, CaptionerKind> KINDS = new TreeMap<>();

    static {
        for (CaptionerKind k : ServiceLoader.load(CaptionerKind.class)) KINDS.put(k.kind(), k);
    }

    private Captioners() {}

    /** Opens a model folder. @throws RuntimeException of one line, naming the file, if it is no captioner's, or a part is missing or damaged */
    public static Captioner open(Path path, Device device) {
        ModelFolder folder = new ModelFolder(path);
        CaptionerKind kind = KINDS.get(folder.kind());
        if (kind != null) return kind.open(folder, device);
        throw new ModelError(path, "is of the kind '" + folder.kind() + "', but captioners are " + String.join(", ", KINDS.keySet()));
    }

    /** The folder of a captioner: of a name or path, or the first one that is installed. @throws ModelError if none is */
    public static Path folder(String name) {
        if (name != null) return ModelPlaces.of(Path.of(name));
        List<Path> installed = ModelPlaces.installed().stream().filter(Captioners::is).toList();
        if (!installed.isEmpty()) return installed.getFirst();
        throw new ModelError(ModelPlaces.pulled(), "holds no captioner; 'faithdiff pull dape' fetches one");
    }

    private static boolean is(Path folder) {
        try {
            return KINDS.containsKey(new ModelFolder(folder).kind());
        } catch (RuntimeException e) {
            return false; // a damaged folder is no captioner
        }
    }
}
