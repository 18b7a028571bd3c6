package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.KeyLists;
import dev.faithdiff.convert.file.RandomTensor;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of released full-size files that a group of the fixtures has, packed. */
final class ReleasedKeys {
    private ReleasedKeys() {}

    /** Tensors of the shapes, whose values nobody reads. */
    static Map<String, Source> tensors(JsonObject shapes) {
        Map<String, Source> all = new LinkedHashMap<>();
        shapes.asMap().forEach((name, value) -> all.put(name, new RandomTensor(name, DType.F32, KeyLists.shape(value), 0, "")));
        return all;
    }

    static Map<String, Shape> shapes(Map<String, Source> tensors) {
        Map<String, Shape> all = new LinkedHashMap<>();
        tensors.forEach((name, t) -> all.put(name, t.shape()));
        return all;
    }
}
