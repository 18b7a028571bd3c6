package dev.faithdiff.server.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.restore.Option;
import dev.faithdiff.tensor.host.Version;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The document that describes the API: a resource, with the version and the default model's options filled in. */
final class OpenApi {
    private OpenApi() {}

    static JsonObject document(List<Option<?>> options) {
        JsonObject all;
        try (Reader in = new InputStreamReader(OpenApi.class.getResourceAsStream("openapi.json"), StandardCharsets.UTF_8)) {
            all = JsonParser.parseReader(in).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        all.getAsJsonObject("info").addProperty("version", Version.PROGRAM.replaceAll("[^\\d.]", ""));
        JsonObject properties = all.getAsJsonObject("components").getAsJsonObject("schemas").getAsJsonObject("Options").getAsJsonObject("properties");
        for (Option<?> o : options) {
            JsonObject schema = new JsonObject();
            String kind = OptionForm.kind(o);
            schema.addProperty("type", kind.equals("whole") ? "integer" : kind.equals("number") ? "number" : "string");
            schema.addProperty("description", o.help().replace("--", "") + " (" + o.rule() + "; default: " + o.otherwise() + ")");
            if (kind.equals("choice")) {
                JsonArray names = new JsonArray();
                o.choices().forEach(c -> names.add(c.toString()));
                schema.add("enum", names);
            }
            properties.add(o.name(), schema);
        }
        return all;
    }
}
