package dev.faithdiff;

import com.google.gson.JsonElement;
import dev.faithdiff.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of the released full-size files, from the fixtures' folder {@code keys}. */
public final class KeyLists {
    private KeyLists() { }

    /** The list {@code unet}, {@code faithdiff}, {@code vae}, {@code text_encoder} or {@code text_encoder_2}. */
    public static Map<String, Shape> of(String part) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Fixtures.json("keys/" + part + ".json").asMap().forEach((key, sizes) ->
                shapes.put(key, Shape.of(sizes.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray())));
        return shapes;
    }
}
