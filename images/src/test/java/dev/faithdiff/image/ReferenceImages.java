package dev.faithdiff.image;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The stored images and options of the published implementation's runs. */
final class ReferenceImages {
    static final Path PIPELINE = Fixtures.path("pipeline");
    static final Path RESIZE = PIPELINE.resolve("resize");

    private ReferenceImages() {}

    /** One run: its folder and its options. */
    record Run(String name, JsonObject options) {
        Image image(String file) { return ImageFiles.read(PIPELINE.resolve(name).resolve(file + ".png")); }

        boolean has(String file) { return Files.exists(PIPELINE.resolve(name).resolve(file + ".png")); }

        int size(String key) { return options.getAsJsonObject("sizes").get(key).getAsInt(); }

        Image enlarged() {
            Image lr = image("lr");
            int factor = options.get("upscale").getAsInt();
            return Resize.resize(lr, lr.width() * factor, lr.height() * factor, Filter.LANCZOS);
        }

        @Override public String toString() { return name; }
    }

    static List<Run> runs() {
        try {
            var cases = JsonParser.parseString(Files.readString(PIPELINE.resolve("pipeline.json"))).getAsJsonObject().getAsJsonObject("cases");
            return cases.entrySet().stream().map(c -> new Run(c.getKey(), c.getValue().getAsJsonObject())).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Path> resized() {
        try (Stream<Path> files = Files.list(RESIZE)) {
            return files.filter(f -> !f.endsWith("input.png")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
