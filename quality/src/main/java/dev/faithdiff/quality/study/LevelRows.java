package dev.faithdiff.quality.study;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Levels of degradation whose numbers are not published, and what published systems made of them, from a file (docs/studies.md lists its settings).
 *
 * @param study      photos, systems and measures
 * @param levels     what came out
 * @param tolerances how near a value must come, for each of the study's measures
 */
public record LevelRows(Study study, List<Level> levels, double[] tolerances) {
    /** A level, and for each system the mean values of the study's measures. */
    public record Level(String name, Map<String, double[]> rows) {}

    /** Reads a file. @throws ModelError in one line that names the file and the setting */
    public static LevelRows read(Path file, Study.Replaced replaced) {
        JsonObject json = replaced.in(Config.read(file).json());
        Config all = Config.of(file, json.toString());
        return all.checked(() -> {
            if (all.has("degradations")) throw new IllegalArgumentException("'degradations' are what is looked for: leave them out");
            for (String own : List.of("levels", "tolerances")) json.remove(own);
            JsonArray none = new JsonArray();
            none.add(StudyDegradation.NONE);
            json.add("degradations", none);
            Study study = Study.of(file, json);
            int measures = study.measures().size();
            double[] tolerances = numbers(all.json().get("tolerances"), measures, "'tolerances'");
            for (double t : tolerances) if (!(t > 0)) throw new IllegalArgumentException("'tolerances' must be above 0");
            List<Level> levels = new ArrayList<>();
            for (Config level : all.objects("levels")) levels.add(level(level, study));
            return new LevelRows(study, levels, tolerances);
        });
    }

    private static Level level(Config c, Study study) {
        c.only("name", "rows");
        Map<String, double[]> rows = new LinkedHashMap<>();
        JsonObject json = c.at("rows").json();
        for (String system : json.keySet()) {
            if (study.systems().stream().noneMatch(s -> s.name().equals(system))) {
                throw new IllegalArgumentException("'rows' names no system: " + ModelError.clean(system));
            }
            rows.put(system, numbers(json.get(system), study.measures().size(), "the row of " + system));
        }
        return new Level(c.text("name"), rows);
    }

    private static double[] numbers(JsonElement list, int size, String what) {
        boolean fits = list instanceof JsonArray a && a.size() == size
                && a.asList().stream().allMatch(e -> e.isJsonPrimitive() && e.getAsJsonPrimitive().isNumber());
        if (!fits) throw new IllegalArgumentException(what + " must have " + size + " numbers, one for each measure");
        return ((JsonArray) list).asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
    }
}
