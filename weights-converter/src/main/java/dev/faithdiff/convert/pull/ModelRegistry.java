package dev.faithdiff.convert.pull;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The models that can be pulled, and the released files that they are made of: {@code registry.json}. A new system adds entries there.
 *
 * @param sources released files of one repository, by a name that {@link Pullable#from} uses
 * @param bundled licences of the models that come with the program, by name
 */
public record ModelRegistry(Map<String, Repository> sources, Map<String, Pullable> models, Map<String, String> bundled) {
    private static final String RESOURCE = "/dev/faithdiff/convert/registry.json";

    /**
     * Files of a repository, under one licence.
     *
     * @param host          {@code huggingface.co}, or {@code github.com} for the files of a release or, at a commit, of a repository
     * @param revision      a commit, or a release's tag
     * @param licence       null if its authors state none
     * @param terms         address of the licence
     * @param nonCommercial whether the licence forbids commercial use
     * @param agreement     whether the licence is an agreement that forbids some uses, as Llama's does
     * @param files         by path
     */
    public record Repository(String host, String repository, String revision, String licence, String terms,
            @SerializedName("non_commercial") boolean nonCommercial, boolean agreement, Map<String, Released> files) {
        /** Whether it must be accepted: commercial use or some other is forbidden, or nothing is allowed in writing. */
        public boolean isAsked() { return nonCommercial || agreement || licence == null; }

        /** The licence in words. */
        public String shownLicence() {
            return (licence == null ? "no licence stated" : licence) + (nonCommercial ? " (non-commercial)" : "");
        }
    }

    /** A released file. @param bytes about, for progress and space; 0 for a small file. @param sha256 null where none was published */
    public record Released(long bytes, String sha256) {}

    /**
     * A model.
     *
     * @param makes   what it is, in words
     * @param bytes   about, of the model folder
     * @param convert arguments of {@code convert}; {@code @NAME} stands for the folder of a source, {@code @NAME/PATH} for a file or
     *                folder of it. A source that is named {@code NAME/MORE} lies in that of {@code NAME}
     */
    public record Pullable(String makes, long bytes, List<String> from, List<String> convert) {}

    /** The built-in one, or the file that {@code -Dfaithdiff.registry} names in its place. */
    public static ModelRegistry load() {
        String file = System.getProperty("faithdiff.registry");
        if (file != null) return of(Path.of(file).toString(), SmallFile.text(Path.of(file)));
        try (InputStream in = ModelRegistry.class.getResourceAsStream(RESOURCE)) {
            return of(RESOURCE, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param name what messages call the text. @throws ConvertError if the text is no registry */
    static ModelRegistry of(String name, String json) {
        try {
            ModelRegistry r = new Gson().fromJson(json, ModelRegistry.class);
            if (r == null || r.sources == null || r.models == null || r.bundled == null) throw new ConvertError(name + ": is no registry of models");
            for (var model : r.models.entrySet()) {
                for (String source : model.getValue().from) {
                    if (r.sources.containsKey(source)) continue;
                    throw new ConvertError(name + ": " + model.getKey() + " is made of " + source + ", which is missing");
                }
            }
            return r;
        } catch (JsonParseException e) {
            throw new ConvertError(name + ": is no registry of models: " + e.getMessage());
        }
    }

    /** @throws ConvertError naming those that there are */
    public Pullable model(String name) {
        if (models.containsKey(name)) return models.get(name);
        throw new ConvertError("there is no model '" + name + "' to pull, but there are " + String.join(", ", models.keySet()));
    }

    /** The sources of a model, by name. */
    public Map<String, Repository> sources(Pullable model) {
        Map<String, Repository> all = new LinkedHashMap<>();
        model.from.forEach(name -> all.put(name, sources.get(name)));
        return all;
    }

    /** About how many bytes a model's files have. */
    public long bytes(Pullable model) {
        return sources(model).values().stream().flatMap(s -> s.files.values().stream()).mapToLong(Released::bytes).sum();
    }

    /** The released files with this SHA-256, or of this name where the sum is null, as {@code SOURCE/PATH} and what is known of them. */
    public Map<String, Released> released(String fileName, String sha256) {
        Map<String, Released> found = new TreeMap<>();
        sources.forEach((name, source) -> source.files.forEach((path, file) -> {
            boolean same = sha256 == null ? Path.of(path).getFileName().toString().equals(fileName) : sha256.equals(file.sha256);
            if (same) found.put(name + "/" + path, file);
        }));
        return found;
    }
}
