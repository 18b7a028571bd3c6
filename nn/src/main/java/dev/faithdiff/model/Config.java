package dev.faithdiff.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The settings in a checkpoint's JSON file. The file is not trusted: a setting that is missing, of the wrong kind or out of range is an
 * error that names the file and the setting. A setting that is null counts as missing.
 */
public final class Config {
    private static final int LARGEST = 1_000_000, LONGEST_LIST = 64;
    private static final long LARGEST_FILE = 16 << 20;

    private final Path file;
    private final JsonObject json;

    private Config(Path file, JsonObject json) {
        this.file = file;
        this.json = json;
    }

    /** @throws ModelError if the file cannot be read, is larger than 16 MB, or is not a JSON object */
    public static Config read(Path file) {
        try {
            if (Files.size(file) > LARGEST_FILE) throw new ModelError(file, "is larger than 16 MB");
            return of(file, Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new ModelError(file, "there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new ModelError(file, "is not UTF-8", e);
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /** @param file what error messages name @throws ModelError if the text is not a JSON object */
    public static Config of(Path file, String text) {
        try {
            if (JsonParser.parseString(text) instanceof JsonObject json) return new Config(file, json);
            throw new ModelError(file, "is not a JSON object");
        } catch (JsonParseException e) {
            throw new ModelError(file, "is not valid JSON", e);
        }
    }

    /** A copy of all settings, to be written with changes. */
    public JsonObject json() { return json.deepCopy(); }

    /** The file. */
    @Override public String toString() { return file.toString(); }

    public boolean has(String key) { return json.has(key) && !json.get(key).isJsonNull(); }

    /** A whole number from 0 to 1,000,000: no published network has a larger size. */
    public int integer(String key) { return within(key, 0, LARGEST); }

    public int integer(String key, int otherwise) { return has(key) ? integer(key) : otherwise; }

    /** A whole number from 1 to 1,000,000. */
    public int positive(String key) { return within(key, 1, LARGEST); }

    /** A whole number from {@code least} to {@code most}. */
    public int within(String key, int least, int most) { return whole(key, get(key), least, most); }

    private int whole(String key, JsonElement value, int least, int most) {
        double n = isNumber(value) ? value.getAsDouble() : Double.NaN;
        if (n >= least && n <= most && n == Math.rint(n)) return (int) n;
        throw wrong(key, "a whole number from " + least + " to " + most + ", not " + ModelError.clean(value.toString()));
    }

    /** A finite number. */
    public double number(String key) {
        JsonElement value = get(key);
        double n = isNumber(value) ? value.getAsDouble() : Double.NaN;
        if (!Double.isFinite(n)) throw wrong(key, "a number");
        return n;
    }

    public double number(String key, double otherwise) { return has(key) ? number(key) : otherwise; }

    public boolean flag(String key, boolean otherwise) {
        if (!has(key)) return otherwise;
        if (get(key).isJsonPrimitive() && get(key).getAsJsonPrimitive().isBoolean()) return get(key).getAsBoolean();
        throw wrong(key, "true or false");
    }

    public String text(String key) {
        if (!get(key).isJsonPrimitive()) throw wrong(key, "a text");
        return get(key).getAsString();
    }

    public String text(String key, String otherwise) { return has(key) ? text(key) : otherwise; }

    /** A list of {@code size} whole numbers from 1 to 1,000,000, or one number that stands for {@code size} equal ones. */
    public int[] integers(String key, int size) {
        if (get(key).isJsonArray()) {
            int[] list = integers(key);
            if (list.length != size) throw wrong(key, "a list of " + size);
            return list;
        }
        int[] equal = new int[size];
        Arrays.fill(equal, positive(key));
        return equal;
    }

    /** A list of 1 to 64 whole numbers from 1 to 1,000,000, or one such number. */
    public int[] integers(String key) {
        if (!get(key).isJsonArray()) return new int[] {positive(key)};
        return list(key).stream().mapToInt(e -> whole(key, e, 1, LARGEST)).toArray();
    }

    /** A list of 1 to 64 lists of 1 to 64 whole numbers from 0 to 1,000,000. */
    public int[][] lists(String key) {
        return list(key).stream().map(e -> {
            if (!(e instanceof JsonArray a) || a.isEmpty() || a.size() > LONGEST_LIST) throw wrong(key, "lists of 1 to " + LONGEST_LIST);
            return a.asList().stream().mapToInt(n -> whole(key, n, 0, LARGEST)).toArray();
        }).toArray(int[][]::new);
    }

    /** A list of 1 to 64 texts. */
    public String[] texts(String key) {
        List<JsonElement> list = list(key);
        if (!list.stream().allMatch(JsonElement::isJsonPrimitive)) throw wrong(key, "a list of texts");
        return list.stream().map(JsonElement::getAsString).toArray(String[]::new);
    }

    /** A list of 1 to 64 whole numbers of 64 bits. */
    public long[] seeds(String key) {
        List<JsonElement> list = list(key);
        if (!list.stream().allMatch(e -> isNumber(e) && e.getAsString().matches("-?\\d{1,18}"))) throw wrong(key, "a list of whole numbers");
        return list.stream().mapToLong(JsonElement::getAsLong).toArray();
    }

    /** A list of 1 to 64 objects. */
    public List<Config> objects(String key) {
        List<JsonElement> list = list(key);
        if (!list.stream().allMatch(JsonElement::isJsonObject)) throw wrong(key, "a list of objects");
        return list.stream().map(e -> new Config(file, e.getAsJsonObject())).toList();
    }

    /** Fails at the first setting of another name. */
    public void only(String... keys) {
        for (String key : json.keySet()) {
            if (!List.of(keys).contains(key)) {
                throw new ModelError(file, "'" + ModelError.clean(key) + "' is no setting; there are " + String.join(", ", keys));
            }
        }
    }

    private List<JsonElement> list(String key) {
        if (get(key) instanceof JsonArray a && !a.isEmpty() && a.size() <= LONGEST_LIST) return a.asList();
        throw wrong(key, "a list of 1 to " + LONGEST_LIST);
    }

    /** The settings below a key. */
    public Config at(String key) {
        if (!get(key).isJsonObject()) throw wrong(key, "an object");
        return new Config(file, get(key).getAsJsonObject());
    }

    /** Fails unless the setting is missing or has the one value that the code is made for. */
    public void require(String key, String value) {
        if (!has(key)) return;
        String actual = json.get(key).isJsonPrimitive() ? text(key) : json.get(key).toString();
        if (!actual.equals(value)) throw wrong(key, "'" + value + "' (this model has '" + ModelError.clean(actual) + "')");
    }

    /** A record made of these settings. @throws ModelError if its constructor throws an IllegalArgumentException */
    public <T> T checked(Supplier<T> record) {
        try {
            return record.get();
        } catch (IllegalArgumentException e) {
            throw new ModelError(file, e.getMessage(), e);
        }
    }

    /** The error for a setting that is not as expected, to be thrown. */
    public ModelError wrong(String key, String expected) { return new ModelError(file, "'" + key + "' must be " + expected); }

    private static boolean isNumber(JsonElement e) { return e.isJsonPrimitive() && e.getAsJsonPrimitive().isNumber(); }

    private JsonElement get(String key) {
        if (!has(key)) throw new ModelError(file, "'" + key + "' is missing");
        return json.get(key);
    }
}
