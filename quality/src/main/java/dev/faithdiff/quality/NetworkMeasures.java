package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.score.ScorerKind;
import dev.faithdiff.quality.NetworkMeasure.Preparation;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The measures that are networks, as far as a folder holds model folders of their kinds. */
final class NetworkMeasures {
    private NetworkMeasures() {}

    /** A measure whose network is not there. */
    private record Missing(ScorerKind kind, String name, String reason) implements Measure {
        @Override public Better better() { return Better.of(kind.isHigherBetter()); }

        @Override public boolean needsReference() { return kind.needsReference(); }

        @Override public double of(Image image, Image reference) { throw new MeasureError(name + ": " + reason); }
    }

    /** All of them, those that are missing, too. @param weights the folder whose subfolders are looked at; it need not exist */
    static List<Measures.Entry> of(Path weights, Device device) {
        Map<String, Path> folders = folders(weights);
        List<Measures.Entry> all = new ArrayList<>();
        for (ScorerKind kind : ScorerKind.values()) {
            boolean clip = kind == ScorerKind.ALIGNMENT;
            for (Preparation p : clip ? List.of(Preparation.SQUASH, Preparation.CROP) : List.of(Preparation.NONE)) {
                all.add(entry(kind, p, folders.get(kind.toString()), weights, device));
            }
        }
        return all;
    }

    private static Measures.Entry entry(ScorerKind kind, Preparation preparation, Path folder, Path weights, Device device) {
        if (folder != null) return new Measures.Entry(new NetworkMeasure(kind, preparation, folder, device), null);
        String reason = missing(weights, kind.toString());
        return new Measures.Entry(new Missing(kind, NetworkMeasure.name(kind, preparation), reason), reason);
    }

    /** What to say of a network that is missing. */
    static String missing(Path weights, String kind) {
        return "no folder in " + weights + " holds its network; 'faithdiff convert --metric " + kind + " FILE... -o " + weights.resolve(kind)
                + "' makes one of the released files";
    }

    /** The first model folder of a kind; null if there is none. */
    static Path folder(Path weights, String kind) { return folders(weights).get(kind); }

    /** The first model folder of each kind, in the order of names. */
    private static Map<String, Path> folders(Path weights) {
        Map<String, Path> found = new LinkedHashMap<>();
        if (!Files.isDirectory(weights)) return found;
        try (Stream<Path> all = Files.list(weights).sorted()) {
            all.filter(f -> Files.exists(f.resolve(ModelFolder.DESCRIPTION))).forEach(f -> found.putIfAbsent(kind(f), f));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    /** That of a folder whose description cannot be read is none of a measure's. */
    private static String kind(Path folder) {
        try {
            return new ModelFolder(folder).kind();
        } catch (ModelError e) {
            return "";
        }
    }
}
