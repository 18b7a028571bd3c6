package dev.faithdiff.quality;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.names.MeasureFiles;
import dev.faithdiff.convert.system.MeasureConverter;
import dev.faithdiff.convert.system.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Model folders of measures, made of stored files as the command convert makes them. */
final class ConvertedMeasure {
    private ConvertedMeasure() {}

    /**
     * A new folder below {@code parent}.
     *
     * @param settings what small networks have in {@code model.json} other than released ones; may be null
     * @param files    of the fixtures
     */
    static Path of(Path parent, String kind, JsonObject settings, String... files) throws IOException {
        return of(parent, kind, settings, Stream.of(files).map(Fixtures::path).toArray(Path[]::new));
    }

    /** As above, of any files. */
    static Path of(Path parent, String kind, JsonObject settings, Path... files) throws IOException {
        Path made = Files.createTempDirectory(parent, "m").resolve(kind);
        into(made, kind, settings, files);
        return made;
    }

    /** As above, as the folder {@code made}. */
    static void into(Path made, String kind, JsonObject settings, Path... files) throws IOException {
        Files.createDirectories(made);
        try (MeasureConverter converter = new MeasureConverter(MeasureFiles.of(kind), List.of(files), Precision.parse("keep"))) {
            converter.plan();
            converter.write(made, null);
        }
        if (settings != null) {
            Path json = made.resolve("model.json");
            JsonObject model = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
            settings.asMap().forEach(model::add);
            Files.writeString(json, model.toString());
        }
    }
}
