package dev.faithdiff.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.ResultSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Holds the files of this machine to what a page says of its result, and restores the photo again. */
public final class ResultCheck {
    private static final String BEGIN = "{\"program\":\"faithdiff ";

    private final Path page, input, output;
    private final Origin origin;
    private final List<String> problems = new ArrayList<>();

    /** @param input the photo; null: where the page says. @param output the result; null: where the page says */
    public ResultCheck(Path page, Path input, Path output) {
        this.page = page;
        origin = PhotoPage.origin(page);
        this.input = input == null ? beside(origin.input()) : input;
        this.output = output == null ? beside(origin.output()) : output;
    }

    private Path beside(String path) { return page.toAbsolutePath().getParent().resolve(path).normalize(); }

    /** The flags by which the model was asked for, by name. */
    public Map<String, String> asked() {
        Map<String, String> asked = new HashMap<>();
        origin.run().getAsJsonObject("asked").asMap().forEach((flag, value) -> asked.put(flag, value.isJsonArray() ? String.join("\n",
                value.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList()) : value.getAsString()));
        return asked;
    }

    /** The kind of device on which the result was made. */
    public String device() { return origin.run().get("device").getAsString(); }

    public NumberType precision() { return NumberType.valueOf(origin.run().get("precision").getAsString().toUpperCase(Locale.ROOT)); }

    public boolean isExact() { return origin.run().get("exact").getAsBoolean(); }

    /**
     * Compares without restoring.
     *
     * @param model SHA-256 of each of the model's files here, named as by {@link ReportedModel}
     * @return what has changed, a line each, which begins with {@code settings}, {@code model}, {@code input} or {@code output}
     */
    public List<String> compare(Map<String, String> model) {
        settings();
        model(model);
        file(Origin.INPUT, input);
        file(Origin.OUTPUT, output);
        return problems;
    }

    private void settings() {
        if (Origin.sum(origin.settings()).equals(origin.sum(Origin.SETTINGS))) return;
        JsonObject inside = Files.exists(output) ? inside(output) : null;
        List<String> other = new ArrayList<>();
        if (inside != null) inside.asMap().forEach((name, value) -> {
            JsonElement here = origin.settings().get(name);
            if (!value.equals(here)) other.add(name + " is " + here + " in the page and " + value + " in the result");
        });
        problems.add("settings: the page's have been changed" + (other.isEmpty() ? "" : ": " + String.join("; ", other)));
    }

    private void model(Map<String, String> here) {
        if (!Origin.sum(origin.model()).equals(origin.sum(Origin.MODEL))) problems.add("model: the page's list of its files has been changed");
        TreeSet<String> names = new TreeSet<>(origin.model().keySet());
        names.addAll(here.keySet());
        for (String name : names) {
            JsonElement then = origin.model().get(name);
            String now = here.get(name);
            if (then == null) problems.add("model: " + name + " was not there");
            else if (now == null) problems.add("model: " + name + " is missing");
            else if (!now.equals(then.getAsString())) problems.add("model: " + name + " has been changed");
        }
    }

    private void file(String part, Path file) {
        if (!Files.isRegularFile(file)) problems.add(part + ": " + file + " is not there; --" + part + " says where it is");
        else if (!Checksums.of(file).equals(origin.sum(part))) problems.add(part + ": " + file + " has been changed");
    }

    /** The settings that a result's file holds; null if it holds none. */
    private static JsonObject inside(Path result) {
        try {
            String text = new String(Files.readAllBytes(result), StandardCharsets.ISO_8859_1);
            int begin = text.indexOf(BEGIN), end = text.indexOf('}', Math.max(0, begin));
            return begin < 0 || end < 0 ? null : Origin.parsed(new String(text.substring(begin, end + 1).getBytes(StandardCharsets.ISO_8859_1),
                    StandardCharsets.UTF_8), result);
        } catch (IOException | ImageError e) {
            return null;
        }
    }

    /**
     * Restores the photo again, encodes the result as then, and compares.
     *
     * @param names   the model's, as {@code ResultSettings} has them
     * @param digests the model's
     * @return null if it is the same, byte for byte; else what differs, in one line
     */
    public String again(Restorer restorer, String names, String digests) {
        Options options = restorer.defaults();
        for (Option<?> o : restorer.options()) if (origin.settings().has(o.name())) options = options.parsed(o, origin.text(o.name()));
        restorer.check(options);
        ResultSettings settings = new ResultSettings(names, digests, options, restorer.options());
        Photo photo = Batch.read(input, false);
        Photo made = Batch.result(photo, restorer.restore(photo.visible(), options), settings, origin.run().get("metadata").getAsBoolean());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageFiles.write(made, bytes, origin.encoding());
        if (Origin.sum(bytes.toByteArray()).equals(origin.sum(Origin.OUTPUT))) return null;
        String program = settings.values().get("program").toString();
        if (!program.equals(origin.text("program"))) return "the page was made by " + origin.text("program") + ", and this is " + program;
        return "restored again the output is another one";
    }
}
