package dev.faithdiff.report;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The page of one restored photo: HTML that needs no other file and no network. Its template is {@code page.html}. */
final class PhotoPage {
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");
    private static final String FACTS = "<script type=\"application/json\" id=\"facts\">", END = "</script>";
    private static final Map<String, String> FIGURES = new LinkedHashMap<>();

    static {
        FIGURES.put("consistency", "Consistency: PSNR of the result, shrunk to the photo's size, and the photo (dB; higher is better)");
        FIGURES.put("deltaE", "Colour error: mean CIEDE2000 of the same two (1 is just visible)");
        FIGURES.put("deltaE95", "Colour error that 95 % of the pixels stay below");
        FIGURES.put("seams", "Strongest straight seam that the enlarged photo does not have (levels of 255)");
        FIGURES.put("change", "Mean change from the enlarged photo (share of the range)");
        FIGURES.put("seeds", "Mean deviation between seeds (share of the range)");
    }

    private PhotoPage() {}

    /** What a page shows. @param size widths and heights, in words. @param facts for the page's script. @param pictures data URIs by name */
    record Content(Path output, String size, Origin origin, Map<String, Double> figures, Map<String, Double> stages, List<String> trust,
            JsonObject facts, Map<String, String> pictures) {}

    /** Writes a page, which appears whole or not at all. */
    static void write(Path page, Content c) {
        String name = c.output.getFileName().toString();
        c.facts.addProperty("stem", ImageFiles.stem(name));
        c.facts.add("origin", c.origin.json());
        c.facts.add("figures", Origin.GSON.toJsonTree(c.figures));
        c.facts.add("stages", Origin.GSON.toJsonTree(c.stages));
        double seconds = c.stages.values().stream().mapToDouble(s -> s).sum();
        String summary = c.size + ", " + c.origin.text("model") + ", " + seconds(seconds);
        Gson safe = new Gson(); // writes < as \u003c
        Map<String, String> parts = Map.of("title", escaped(name), "summary", escaped(summary), "style", resource("page.css"),
                "script", resource("page.js"), "trust", c.trust.stream().map(p -> "<p>" + escaped(p) + "</p>").collect(Collectors.joining("\n")),
                "figures", table(figures(c.figures)),
                "stages", table(stages(c.stages, seconds)), "settings", table(settings(c.origin)), "hashes", table(hashes(c.origin)),
                "facts", safe.toJson(c.facts));
        Map<String, String> all = new LinkedHashMap<>(parts);
        all.put("viewer", resource("viewer.js"));
        all.put("pictures", safe.toJson(c.pictures));
        String html = PLACE.matcher(resource("page.html")).replaceAll(m -> Matcher.quoteReplacement(all.get(m.group(1))));
        OutputFile.write(page, html);
    }

    /** Where a page's result comes from. @throws ImageError if the file is no page of this program */
    static Origin origin(Path page) {
        String html;
        try {
            html = Files.readString(page);
        } catch (IOException e) {
            throw new ImageError("cannot read " + page + ": " + ImageFiles.reason(e), e);
        }
        int begin = html.indexOf(FACTS), end = html.indexOf(END, Math.max(0, begin));
        if (begin < 0 || end < 0) throw new ImageError(page + " is no page of 'faithdiff restore --report'");
        JsonObject facts = Origin.parsed(html.substring(begin + FACTS.length(), end), page);
        if (!facts.has("origin")) throw new ImageError(page + " does not say where its result comes from");
        return Origin.of(facts.get("origin").getAsJsonObject(), page);
    }

    private static Map<String, String> figures(Map<String, Double> values) {
        Map<String, String> rows = new LinkedHashMap<>();
        FIGURES.forEach((name, text) -> {
            boolean isShare = name.equals("change") || name.equals("seeds");
            if (values.containsKey(name)) rows.put(text, String.format(Locale.ROOT, isShare ? "%.4f" : "%.2f", values.get(name)));
        });
        return rows;
    }

    private static Map<String, String> stages(Map<String, Double> stages, double sum) {
        Map<String, String> rows = new LinkedHashMap<>();
        stages.forEach((name, seconds) -> rows.put(name, seconds(seconds)));
        rows.put("all", seconds(sum));
        return rows;
    }

    private static String seconds(double seconds) { return String.format(Locale.ROOT, "%.2f s", seconds); }

    private static Map<String, String> settings(Origin origin) {
        Map<String, String> rows = new LinkedHashMap<>();
        origin.settings().asMap().forEach((name, value) -> {
            if (value.isJsonPrimitive()) rows.put(name, value.getAsString());
        });
        origin.run().asMap().forEach((name, value) -> rows.put("run: " + name, value.isJsonPrimitive() ? value.getAsString() : value.toString()));
        return rows;
    }

    private static Map<String, String> hashes(Origin origin) {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("input " + origin.input(), origin.sum(Origin.INPUT));
        rows.put("output " + origin.output(), origin.sum(Origin.OUTPUT));
        rows.put("settings", origin.sum(Origin.SETTINGS));
        rows.put("model, all files", origin.sum(Origin.MODEL));
        origin.model().asMap().forEach((file, sum) -> rows.put(file, sum.getAsString()));
        return rows;
    }

    private static String table(Map<String, String> rows) {
        return rows.entrySet().stream().map(e -> "<tr><th scope=\"row\">" + escaped(e.getKey()) + "</th><td>" + shown(e.getValue()) + "</td></tr>")
                .collect(Collectors.joining("\n", "<table>\n", "\n</table>"));
    }

    private static String shown(String value) { return value.matches("[0-9a-f]{64}") ? "<code>" + value + "</code>" : escaped(value); }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private static String resource(String name) {
        try (InputStream in = PhotoPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A photo's size and its result's, in words. */
    static String size(Image photo, Image result) { return photo.width() + "x" + photo.height() + " to " + result.width() + "x" + result.height(); }
}
