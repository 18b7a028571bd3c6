package dev.faithdiff.convert;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where the parts of a released checkpoint lie: the SDXL folder in diffusers layout, the VAE's folder, the file with FaithDiff's
 * weights, and its numbers ({@code faithdiff_config.json}, null where the release has none).
 */
record SourceFolder(Path sdxl, Path vae, Path faithdiff, Path numbers) {
    private static final List<String> TORCH = List.of(".bin", ".pt", ".pth");

    /**
     * Takes what flags say and finds the rest in {@code source} by structure; any argument may be null.
     *
     * @throws ConvertError if a part is not found, or found more than once
     */
    static SourceFolder find(Path source, Path sdxl, Path vae, Path faithdiff) {
        if (source != null && !Files.isDirectory(source)) throw new ConvertError(source, "is not a folder");
        if (sdxl == null) sdxl = findSdxl(source);
        if (faithdiff == null) faithdiff = findFaithDiff(source);
        if (vae == null) vae = findVae(source, sdxl);
        Path numbers = faithdiff.resolveSibling("faithdiff_config.json");
        return new SourceFolder(sdxl, vae, faithdiff, Files.exists(numbers) ? numbers : null);
    }

    /** A JSON object from a file of the source. */
    static JsonObject json(Path file) {
        try {
            JsonElement json = JsonParser.parseString(Files.readString(file));
            if (json.isJsonObject()) return json.getAsJsonObject();
            throw new ConvertError(file, "is not a JSON object");
        } catch (IOException e) {
            throw new ConvertError(file, Files.exists(file) ? "cannot be read: " + e.getMessage() : "does not exist", e);
        } catch (JsonParseException e) {
            throw new ConvertError(file, "is not JSON", e);
        }
    }

    private static Path findSdxl(Path source) {
        List<Path> found = around(source).filter(p -> Files.exists(p.resolve("unet/config.json"))).toList();
        return only(source, "--sdxl", "folder with unet/config.json", found);
    }

    private static Path findFaithDiff(Path source) {
        Predicate<Path> torch = p -> Files.isRegularFile(p) && TORCH.stream().anyMatch(lower(p)::endsWith);
        List<Path> named = around(source).filter(p -> lower(p).startsWith("faithdiff"))
                .filter(p -> torch.test(p) || lower(p).endsWith(".safetensors")).toList();
        return only(source, "--faithdiff", "FaithDiff.bin", named.isEmpty() ? around(source).filter(torch).toList() : named);
    }

    /** A VAE of its own beside the SDXL folder; else the one inside it. */
    private static Path findVae(Path source, Path sdxl) {
        Path inner = sdxl.resolve("vae");
        List<Path> own = around(source).filter(p -> !p.equals(inner) && Files.exists(p.resolve("config.json")))
                .filter(p -> String.valueOf(json(p.resolve("config.json")).get("_class_name")).contains("AutoencoderKL")).toList();
        return own.isEmpty() && Files.isDirectory(inner) ? inner : only(source, "--vae", "folder of an AutoencoderKL", own);
    }

    private static Path only(Path source, String flag, String what, List<Path> found) {
        if (found.size() == 1) return found.getFirst();
        if (source == null) throw new ConvertError("no SOURCE folder given: say " + flag);
        if (found.isEmpty()) throw new ConvertError(source, "holds no " + what + ": say " + flag);
        List<String> names = found.stream().map(p -> p.getFileName().toString()).toList();
        throw new ConvertError(source, "holds more than one " + what + " " + names + ": say which with " + flag);
    }

    /** The folder itself and what lies directly in it, by name. */
    private static Stream<Path> around(Path source) {
        if (source == null) return Stream.empty();
        try (Stream<Path> children = Files.list(source)) {
            return Stream.concat(Stream.of(source), children.sorted().toList().stream());
        } catch (IOException e) {
            throw new ConvertError(source, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static String lower(Path p) { return p.getFileName() == null ? "" : p.getFileName().toString().toLowerCase(Locale.ROOT); }
}
