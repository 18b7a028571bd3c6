package dev.faithdiff.model;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a checkpoint's JSON settings; whatever is missing or of the wrong kind is named with its file. */
public final class Config {
    private final Path file;
    private final JsonObject json;

    private Config(Path file, JsonObject json) {
        this.file = file;
        this.json = json;
    }

    /** @throws ModelError if the file cannot be read or is not a JSON object */
    public static Config read(Path file) {
        try {
            JsonElement e = JsonParser.parseString(Files.readString(file));
            if (!e.isJsonObject()) throw new ModelError(file, "is not a JSON object");
            return new Config(file, e.getAsJsonObject());
        } catch (NoSuchFileException e) {
            throw new ModelError(file, "there is no such file", e);
        } catch (JsonParseException e) {
            throw new ModelError(file, "is not valid JSON", e);
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    public boolean has(String key) { return json.has(key) && !json.get(key).isJsonNull(); }

    public int integer(String key) { return (int) number(key); }

    public int integer(String key, int otherwise) { return has(key) ? integer(key) : otherwise; }

    public double number(String key) {
        JsonElement e = get(key);
        if (!e.isJsonPrimitive() || !e.getAsJsonPrimitive().isNumber()) throw wrong(key, "a number");
        return e.getAsDouble();
    }

    public double number(String key, double otherwise) { return has(key) ? number(key) : otherwise; }

    public boolean flag(String key, boolean otherwise) { return has(key) ? get(key).getAsBoolean() : otherwise; }

    public String text(String key) {
        if (!get(key).isJsonPrimitive()) throw wrong(key, "a text");
        return get(key).getAsString();
    }

    public String text(String key, String otherwise) { return has(key) ? text(key) : otherwise; }

    /** A list of numbers, or one number standing for {@code size} equal ones. */
    public int[] integers(String key, int size) {
        JsonElement e = get(key);
        int[] v = new int[size];
        if (e.isJsonArray() && e.getAsJsonArray().size() != size) throw wrong(key, "a list of " + size);
        for (int i = 0; i < size; i++) v[i] = e.isJsonArray() ? e.getAsJsonArray().get(i).getAsInt() : e.getAsInt();
        return v;
    }

    public int[] integers(String key) { return integers(key, get(key).isJsonArray() ? get(key).getAsJsonArray().size() : 1); }

    /** Settings nested under a key. */
    public Config at(String key) {
        if (!get(key).isJsonObject()) throw wrong(key, "an object");
        return new Config(file, get(key).getAsJsonObject());
    }

    /** A list of strings. */
    public String[] texts(String key) {
        if (!get(key).isJsonArray()) throw wrong(key, "a list");
        return get(key).getAsJsonArray().asList().stream().map(JsonElement::getAsString).toArray(String[]::new);
    }

    /** Fails unless the setting, where it is given, has the one value this implementation is made for. */
    public void require(String key, String value) {
        if (!has(key)) return;
        String actual = json.get(key).isJsonPrimitive() ? text(key) : json.get(key).toString();
        if (!actual.equals(value)) throw wrong(key, "'" + value + "' (this model has '" + actual + "')");
    }

    private JsonElement get(String key) {
        if (!has(key)) throw new ModelError(file, "'" + key + "' is missing");
        return json.get(key);
    }

    /** The error for a setting that is not as expected, to be thrown. */
    public ModelError wrong(String key, String expected) { return new ModelError(file, "'" + key + "' must be " + expected); }
}
