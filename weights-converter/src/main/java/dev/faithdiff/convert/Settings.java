package dev.faithdiff.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/** Reads numbers of published configurations, which are not trusted: whole, not negative, at most a million. */
final class Settings {
    private static final int LARGEST = 1_000_000, LONGEST_LIST = 64;
    private static final long LARGEST_FILE = 16 << 20;

    private Settings() { }

    /** A JSON object from a file of the source. */
    static JsonObject read(Path file) { return parse(file, text(file)); }

    static JsonObject parse(Path file, String text) {
        try {
            JsonElement json = JsonParser.parseString(text);
            if (json.isJsonObject()) return json.getAsJsonObject();
            throw new ConvertError(file, "is not a JSON object");
        } catch (JsonParseException e) {
            throw new ConvertError(file, "is not JSON", e);
        }
    }

    /** A small text file. */
    static String text(Path file) {
        try {
            if (Files.exists(file) && Files.size(file) > LARGEST_FILE) throw new ConvertError(file, "is larger than 16 MB");
            return Files.readString(file);
        } catch (IOException e) {
            throw new ConvertError(file, Files.exists(file) ? "cannot be read: " + e.getMessage() : "does not exist", e);
        }
    }

    static int number(JsonObject config, String name) { return number(config, name, config.get(name)); }

    static int number(JsonObject config, String name, int otherwise) { return config.has(name) ? number(config, name) : otherwise; }

    static List<Integer> numbers(JsonObject config, String name) {
        if (!(config.get(name) instanceof JsonArray a) || a.isEmpty() || a.size() > LONGEST_LIST) throw lacks(config, name);
        return a.asList().stream().map(e -> number(config, name, e)).toList();
    }

    /** A list of {@code size} numbers, or one number that stands for as many equal ones; 1 where nothing is said. */
    static List<Integer> numbers(JsonObject config, String name, int size) {
        if (!(config.get(name) instanceof JsonArray)) return Collections.nCopies(size, number(config, name, 1));
        List<Integer> list = numbers(config, name);
        if (list.size() != size) throw lacks(config, name + " of " + size + " blocks");
        return list;
    }

    static boolean flag(JsonObject config, String name, boolean otherwise) {
        JsonElement value = config.get(name);
        if (value == null || value.isJsonNull()) return otherwise;
        if (value instanceof JsonPrimitive p && p.isBoolean()) return p.getAsBoolean();
        throw lacks(config, name);
    }

    static ConvertError lacks(JsonObject config, String what) {
        JsonElement kind = config.has("_class_name") ? config.get("_class_name") : config.get("architectures");
        return new ConvertError("config.json of " + ConvertError.clean(String.valueOf(kind)) + " has no usable " + what);
    }

    private static int number(JsonObject config, String name, JsonElement value) {
        double n = value instanceof JsonPrimitive p && p.isNumber() ? p.getAsDouble() : -1;
        if (!(n >= 0 && n <= LARGEST && n == Math.rint(n))) throw lacks(config, name);
        return (int) n;
    }
}
