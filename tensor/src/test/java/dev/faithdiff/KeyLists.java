package dev.faithdiff;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** Names and shapes of the released full-size files, from the fixtures' folder {@code keys}. */
public final class KeyLists {
    private KeyLists() { }

    /** The list {@code unet}, {@code faithdiff}, {@code vae}, {@code text_encoder} or {@code text_encoder_2}. */
    public static Map<String, Shape> of(String part) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Fixtures.json("keys/" + part + ".json").asMap().forEach((key, sizes) ->
                shapes.put(key, shape(sizes)));
        return shapes;
    }

    /** A group's packed lists of released files, each of names with shapes or with type and shape. @param file in the fixtures */
    public static JsonObject packed(String file) {
        try (Reader in = new InputStreamReader(new GZIPInputStream(Files.newInputStream(Fixtures.path(file))))) {
            return JsonParser.parseReader(in).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Names and shapes of one released file of a packed list. */
    public static Map<String, Shape> packed(String list, String file) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        packed(list).getAsJsonObject(file).asMap().forEach((key, value) -> shapes.put(key, shape(value)));
        return shapes;
    }

    /** A list of sizes, or one in a list with the type. */
    public static Shape shape(JsonElement value) {
        for (JsonElement e : value.getAsJsonArray()) if (e.isJsonArray()) return shape(e);
        return Shape.of(value.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray());
    }
}
