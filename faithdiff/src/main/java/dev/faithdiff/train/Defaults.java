package dev.faithdiff.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

/**
 * Merges given settings into default ones. The defaults also define the allowed keys and the type of each value: a whole number, a
 * number, a text, a flag, a list or an object. Each object of a given list is merged into the first object of the default list.
 */
final class Defaults {
    private Defaults() {}

    /** @throws IllegalArgumentException naming the key that is unknown or has a value of another kind */
    static JsonElement under(JsonElement defaults, JsonElement given, String key) {
        if (!kind(given).equals(kind(defaults)) && !(kind(defaults).equals("a number") && kind(given).equals("a whole number"))) {
            throw new IllegalArgumentException((key.isEmpty() ? "it" : "'" + key + "'") + " must be " + kind(defaults) + ", not " + given);
        }
        if (defaults instanceof JsonObject d) return under(d, given.getAsJsonObject(), key);
        if (defaults instanceof JsonArray d && !d.isEmpty()) return under(d.get(0), given.getAsJsonArray(), key);
        return given;
    }

    private static JsonObject under(JsonObject defaults, JsonObject given, String key) {
        String before = key.isEmpty() ? "" : key + ".";
        for (String name : given.keySet()) {
            if (!defaults.has(name)) throw new IllegalArgumentException("'" + before + name + "' is no setting; there are " + defaults.keySet());
        }
        JsonObject all = new JsonObject();
        defaults.asMap().forEach((name, value) -> all.add(name, given.has(name) ? under(value, given.get(name), before + name) : value));
        return all;
    }

    private static JsonArray under(JsonElement template, JsonArray given, String key) {
        JsonArray all = new JsonArray();
        for (int i = 0; i < given.size(); i++) all.add(under(template, given.get(i), key + "[" + i + "]"));
        return all;
    }

    private static String kind(JsonElement e) {
        if (e.isJsonObject()) return "an object";
        if (e.isJsonArray()) return "a list";
        if (e.isJsonNull()) return "null";
        JsonPrimitive p = e.getAsJsonPrimitive();
        if (p.isBoolean()) return "true or false";
        if (p.isString()) return "a text";
        return p.getAsString().matches("-?\\d{1,18}") ? "a whole number" : "a number";
    }
}
