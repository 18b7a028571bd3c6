package dev.faithdiff.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.faithdiff.Options;
import dev.faithdiff.Restorer;
import dev.faithdiff.tensor.Version;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * How a photo was made, for its metadata and for logs: program, model and every option that means something to it. Nothing of the time or
 * machine, so that files stay the same.
 *
 * @param model  names of the model folders
 * @param digest {@link Restorer#digest} of the model folders, which tells models of one name apart
 */
record Settings(String model, String digest, Options options, Predicate<String> taken) {
    static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

    Settings withPrompt(String prompt) { return new Settings(model, digest, options.withPrompt(prompt), taken); }

    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("program", Version.PROGRAM);
        values.put("model", model);
        values.put("digest", digest);
        // What is left to the model has no value: NaN is no JSON.
        options.values().forEach((name, v) -> {
            if (taken.test(name) && v != null && !(v instanceof Double d && d.isNaN())) values.put(name, v instanceof Enum<?> ? v.toString() : v);
        });
        return values;
    }

    /** One line of JSON. */
    @Override public String toString() { return JSON.toJson(values()); }
}
