package dev.faithdiff;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of the released full-size files, from the test resources {@code keys/}. */
public final class KeyLists {
    private KeyLists() { }

    /** The list {@code unet}, {@code faithdiff}, {@code vae}, {@code text_encoder} or {@code text_encoder_2}. */
    public static Map<String, Shape> of(String part) {
        try (InputStream in = KeyLists.class.getResourceAsStream("/keys/" + part + ".json")) {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8)).getAsJsonObject().asMap().forEach((key, sizes) ->
                    shapes.put(key, Shape.of(sizes.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray())));
            return shapes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
