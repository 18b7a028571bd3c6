package dev.faithdiff.restore.batch;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Version;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a photo was restored, for its metadata and for logs: program, model and the values of all options that the model has. Time and machine
 * are not among them, so that the same restoration writes the same file.
 *
 * @param model  names of the model folders
 * @param digest digests of the model folders, which tell models of one name apart
 * @param shown  the options that the model has
 */
public record ResultSettings(String model, String digest, Options options, List<Option<?>> shown) {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** These settings with another prompt. */
    ResultSettings withPrompt(String prompt) { return new ResultSettings(model, digest, options.with(PROMPT, prompt), shown); }

    /** The settings by name. An option whose value is left to the model is not among them. */
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("program", Version.PROGRAM);
        values.put("model", model);
        values.put("digest", digest);
        options.values(shown).forEach((name, v) -> {
            if (v != null) values.put(name, v instanceof Enum<?> ? v.toString() : v);
        });
        return values;
    }

    /** Values by name as one line of JSON. */
    public static String json(Map<String, ?> values) { return GSON.toJson(values); }

    /** {@link #values} as one line of JSON. */
    @Override public String toString() { return json(values()); }
}
