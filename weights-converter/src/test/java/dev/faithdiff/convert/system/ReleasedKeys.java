package dev.faithdiff.convert.system;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.file.RandomTensor;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** Names and shapes of released full-size files that a group of the fixtures has, packed. */
final class ReleasedKeys {
    private ReleasedKeys() {}

    static JsonObject json(String file) {
        try (Reader in = new InputStreamReader(new GZIPInputStream(Files.newInputStream(Fixtures.path(file))))) {
            return JsonParser.parseReader(in).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tensors of the shapes, whose values nobody reads. */
    static Map<String, Source> tensors(JsonObject shapes) {
        Map<String, Source> all = new LinkedHashMap<>();
        shapes.asMap().forEach((name, value) -> all.put(name, new RandomTensor(name, DType.F32, shape(value), 0, "")));
        return all;
    }

    /** A list of sizes, or one in a list with the type. */
    static Shape shape(JsonElement value) {
        for (JsonElement e : value.getAsJsonArray()) if (e.isJsonArray()) return shape(e);
        return Shape.of(value.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray());
    }

    static Map<String, Shape> shapes(Map<String, Source> tensors) {
        Map<String, Shape> all = new LinkedHashMap<>();
        tensors.forEach((name, t) -> all.put(name, t.shape()));
        return all;
    }
}
