package dev.faithdiff.convert.pull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.model.Checksums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** What a pulled model was made of: {@code pulled.json} in its folder. @param name the model's in the registry */
public record Pulled(String name, List<File> files) {
    private static final String FILE = "pulled.json";

    /**
     * A released file.
     *
     * @param file    {@code SOURCE/PATH} in the registry
     * @param checked by whose SHA-256 it was checked when it came
     * @param licence null if its authors state none
     */
    public record File(String file, String from, String sha256, String checked, String licence, String terms, boolean nonCommercial) {}

    /** Writes this into a model folder, and into its checksums. */
    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve(FILE), new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(this) + "\n");
        Checksums.add(folder, FILE);
    }

    /** That of a model folder; null for a model that was not pulled. @throws ConvertError if it cannot be read */
    public static Pulled read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) return null;
        try {
            Pulled pulled = new Gson().fromJson(SmallFile.text(file), Pulled.class);
            boolean hasFiles = pulled != null && pulled.name != null && pulled.files != null;
            if (hasFiles && pulled.files.stream().allMatch(f -> f != null && f.file != null && f.sha256 != null)) return pulled;
        } catch (JsonParseException e) {
            throw new ConvertError(file, "is not valid JSON", e);
        }
        throw new ConvertError(file, "does not say what the model was made of");
    }

    /** The SHA-256 that a file had; null if the model was made without it. */
    String sum(String file) { return files.stream().filter(f -> f.file.equals(file)).map(File::sha256).findFirst().orElse(null); }

    /** All licences in words, each once. */
    public String licences() {
        return files.stream().map(f -> (f.licence == null ? "no licence stated" : f.licence) + (f.nonCommercial ? " (non-commercial)" : ""))
                .distinct().collect(Collectors.joining(", "));
    }

    /** Files whose SHA-256 is not the registry's, one in a line. */
    public List<String> differing(ModelRegistry registry) {
        return files.stream().map(f -> {
            String[] part = f.file.split("/", 2);
            ModelRegistry.Repository source = registry.sources().get(part[0]);
            ModelRegistry.Released known = source == null || part.length < 2 ? null : source.files().get(part[1]);
            boolean isOther = known != null && known.sha256() != null && !known.sha256().equals(f.sha256);
            return isOther ? f.file + " had the SHA-256 " + f.sha256 + ", but the released file has " + known.sha256() : null;
        }).filter(Objects::nonNull).toList();
    }
}
