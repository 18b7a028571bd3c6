package dev.faithdiff.degrade;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.tensor.io.SafeTensors;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The stored building blocks of Real-ESRGAN's data pipeline: one item for each entry of degradation.json. */
final class DegradationFixtures {
    static final Fixtures FILE = Fixtures.open("degradation/degradation.safetensors");

    private DegradationFixtures() {}

    record Item(String name, JsonObject json) {
        double tolerance() { return json.get("suggested_atol").getAsDouble(); }

        double number(String key) { return json.get(key).getAsDouble(); }

        int whole(String key) { return json.get(key).getAsInt(); }

        boolean has(String key) { return json.has(key); }

        /** The name after its first dot. */
        String rest() { return name.substring(name.indexOf('.') + 1); }

        @Override public String toString() { return name; }
    }

    /** The items of a kind such as "kernel", in the file's order. @throws AssertionError if there are none */
    static List<Item> items(String kind) {
        var all = Fixtures.json("degradation/degradation.json").getAsJsonObject("items").entrySet();
        List<Item> items = all.stream().filter(e -> e.getKey().equals(kind) || e.getKey().startsWith(kind + "."))
                .map(e -> new Item(e.getKey(), e.getValue().getAsJsonObject())).toList();
        if (items.isEmpty()) throw new AssertionError("degradation.json has no item " + kind);
        return items;
    }

    static FloatImage image(String file) { return FloatImage.of(ImageFiles.read(Fixtures.path("degradation").resolve(file))); }

    /** A stored kernel in full precision. */
    static double[] doubles(String name) {
        SafeTensors.Entry e = FILE.entry(name);
        double[] values = new double[Math.toIntExact(e.shape().count())];
        for (int i = 0; i < values.length; i++) {
            values[i] = e.data().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i);
        }
        return values;
    }
}
