package dev.faithdiff.cli;

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
 * How a photo was made, for its metadata and for logs: program, model and every option that it has. Nothing of the time or machine, so
 * that files stay the same.
 *
 * @param model  names of the model folders
 * @param digest digests of the model folders, which tell models of one name apart
 * @param shown  the options that the model has
 */
record ResultSettings(String model, String digest, Options options, List<Option<?>> shown) {
    static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

    ResultSettings withPrompt(String prompt) { return new ResultSettings(model, digest, options.with(PROMPT, prompt), shown); }

    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("program", Version.PROGRAM);
        values.put("model", model);
        values.put("digest", digest);
        options.values(shown).forEach((name, v) -> {
            if (v != null) values.put(name, v instanceof Enum<?> ? v.toString() : v); // null: left to the model
        });
        return values;
    }

    /** One line of JSON. */
    @Override public String toString() { return JSON.toJson(values()); }
}
