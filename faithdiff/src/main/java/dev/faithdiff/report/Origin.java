package dev.faithdiff.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Job;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Where a result comes from, with the SHA-256 of everything that it follows from: model, input, settings, and of the output itself. A page holds it,
 * and {@link ResultCheck} holds a machine's files to it.
 *
 * @param settings what {@code ResultSettings.values} says, and behind them {@link #RUN}: {@code device}, {@code precision}, {@code exact},
 *                 {@code format}, {@code jpeg-quality}, {@code metadata}, and how the model was asked for: {@code asked}
 * @param model    SHA-256 of each file, by the folder's name and its path there
 * @param input    path of the photo from the page's folder
 * @param output   path of the result from the page's folder
 * @param sums     SHA-256 in hexadecimal of the parts {@link #MODEL} (of its files' sums), {@link #INPUT}, {@link #SETTINGS} (of their text)
 *                 and {@link #OUTPUT}
 */
record Origin(JsonObject settings, JsonObject model, String input, String output, JsonObject sums) {
    static final String MODEL = "model", INPUT = "input", SETTINGS = "settings", OUTPUT = "output", RUN = "run";
    static final Gson GSON = new GsonBuilder().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();

    /** Of a result that was just written. @param page its folder is where paths begin */
    static Origin of(ReportedModel model, Job job, Map<String, ?> values, Batch.Rules rules, Path page) {
        JsonObject settings = GSON.toJsonTree(values).getAsJsonObject(), files = GSON.toJsonTree(model.sums()).getAsJsonObject();
        Compute on = model.on();
        JsonObject run = new JsonObject(); // apart, since options may have these names, too
        run.addProperty("device", on.device().kind());
        run.addProperty("precision", on.precision().toString());
        run.addProperty("exact", on.exact());
        run.addProperty("format", job.encoding().format().name().toLowerCase(Locale.ROOT));
        run.addProperty("jpeg-quality", job.encoding().jpegQuality());
        run.addProperty("metadata", rules.metadata());
        run.add("asked", GSON.toJsonTree(model.asked()));
        settings.add(RUN, run);
        JsonObject sums = new JsonObject();
        sums.addProperty(MODEL, sum(files));
        sums.addProperty(INPUT, Checksums.of(job.in()));
        sums.addProperty(SETTINGS, sum(settings));
        sums.addProperty(OUTPUT, Checksums.of(job.out()));
        return new Origin(settings, files, from(page, job.in()), from(page, job.out()), sums);
    }

    private static String from(Path page, Path file) {
        Path folder = page.toAbsolutePath().normalize().getParent(), to = file.toAbsolutePath().normalize();
        return (folder.getRoot().equals(to.getRoot()) ? folder.relativize(to) : to).toString().replace('\\', '/');
    }

    String sum(String part) { return sums.get(part).getAsString(); }

    /** The SHA-256 of a JSON value's text without spaces. */
    static String sum(JsonElement json) { return sum(GSON.toJson(json).getBytes(StandardCharsets.UTF_8)); }

    static String sum(byte[] bytes) { return ModelFolder.sha256(digest -> digest.update(bytes)); }

    Encoding encoding() {
        return new Encoding(ImageFormat.valueOf(run().get("format").getAsString().toUpperCase(Locale.ROOT)), run().get("jpeg-quality").getAsInt());
    }

    String text(String setting) { return settings.get(setting).getAsString(); }

    /** How it was run. */
    JsonObject run() { return settings.getAsJsonObject(RUN); }

    JsonObject json() { return GSON.toJsonTree(this).getAsJsonObject(); }

    /** @throws ImageError if a part is missing. @param name of the file, for the message */
    static Origin of(JsonObject json, Path name) {
        try {
            Origin o = GSON.fromJson(json, Origin.class);
            for (String part : new String[] {MODEL, INPUT, SETTINGS, OUTPUT}) o.sum(part);
            o.encoding();
            for (String part : new String[] {"device", "precision", "exact", "metadata", "asked"}) Objects.requireNonNull(o.run().get(part), part);
            if (o.input == null || o.output == null || o.model == null) throw new IllegalStateException("a part is missing");
            return o;
        } catch (RuntimeException e) {
            throw new ImageError(name + " does not say where its result comes from: " + e.getMessage(), e);
        }
    }

    /** JSON of a text. @throws ImageError naming the file if it is none */
    static JsonObject parsed(String text, Path name) {
        try {
            return JsonParser.parseString(text).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new ImageError(name + " has been damaged: what it says of its result is no JSON", e);
        }
    }
}
