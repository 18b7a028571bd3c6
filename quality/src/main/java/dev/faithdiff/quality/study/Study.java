package dev.faithdiff.quality.study;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.quality.Consistency;
import dev.faithdiff.quality.Measures;
import dev.faithdiff.quality.Measures.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A comparison of systems on photos, degraded in several ways, by several measures, from its JSON file (docs/studies.md lists all settings).
 *
 * @param text         title and note, for the report
 * @param measures     those that cannot be used here, too
 * @param baseline     the system from which benefits are counted; null: none are
 * @param settings     all of the above as JSON, which a resumed study must repeat
 */
public record Study(Text text, StudyPhotos photos, List<StudyDegradation> degradations, List<StudySystem> systems, List<Entry> measures,
        Effort effort, String baseline, String settings) {
    /** What a person reads first. */
    public record Text(String title, String note) {}

    /**
     * How much work it is.
     *
     * @param repeats how often a result is made, for its time
     * @param sheets  photos in the contact sheets
     */
    public record Effort(int repeats, int sheets) {}

    /** Names go into tables and file names. */
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} .,+=():%/-]{0,59}");
    private static final int MOST = 1000, MOST_SYSTEMS = 100;

    /** What replaces the file's own choice of photos; null and 0: nothing does. */
    public record Replaced(Path photos, int count) {
        public static final Replaced NOTHING = new Replaced(null, 0);

        /** The settings with what replaces them. */
        JsonObject in(JsonObject json) {
            if (photos != null) json.addProperty("photos", photos.toAbsolutePath().normalize().toString());
            if (count > 0) json.addProperty("count", count);
            return json;
        }
    }

    /** Reads a study file, whose paths are relative to it. @throws ModelError in one line that names the file and the setting */
    public static Study read(Path file, Replaced replaced) {
        return of(file, replaced.in(Config.read(file).json()));
    }

    /** A study of these settings. @param file what messages name, and where paths begin */
    static Study of(Path file, JsonObject json) {
        Config c = Config.of(file, json.toString());
        return c.checked(() -> of(c, file.toAbsolutePath().getParent()));
    }

    /** The same with other degradations. */
    Study with(List<StudyDegradation> others) { return new Study(text, photos, others, systems, measures, effort, baseline, settings); }

    private static Study of(Config c, Path home) {
        c.only("title", "note", "photos", "count", "crop", "scale", "references", "degradations", "systems", "measures", "repeats", "sheets",
                "baseline");
        boolean hasReferences = c.flag("references", true);
        int scale = c.has("scale") ? c.within("scale", 1, 16) : 4, crop = c.has("crop") ? c.within("crop", 0, 16384) : 0;
        check(crop == 0 || crop >= 16 && (!hasReferences || crop % scale == 0), "'crop' must be 0, or at least 16 and a multiple of 'scale'");
        List<StudySystem> systems = new ArrayList<>();
        for (Config s : c.objects("systems")) systems.addAll(systems(s, home));
        check(systems.size() <= MOST_SYSTEMS, "at most " + MOST_SYSTEMS + " systems are compared, not " + systems.size());
        unique("system", systems.stream().map(StudySystem::name).toList());
        for (StudySystem s : systems) {
            check(s.kind() != StudySystem.Kind.IDENTITY || scale == 1, "the kind identity needs \"scale\": 1, since it does not enlarge");
            check(s.kind() != StudySystem.Kind.ORIGINAL || hasReferences, "the kind original needs references");
        }
        List<StudyDegradation> degradations = degradations(c, hasReferences);
        String baseline = c.text("baseline", "");
        check(baseline.isEmpty() || systems.stream().anyMatch(s -> s.name().equals(baseline)),
                "'baseline' names no system: " + ModelError.clean(baseline));
        Effort effort = new Effort(c.has("repeats") ? c.within("repeats", 1, 100) : 1, c.has("sheets") ? c.within("sheets", 0, 16) : 3);
        Text text = new Text(c.text("title", c.toString()), c.text("note", ""));
        String settings = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(c.json()) + "\n";
        return new Study(text, photos(c, home, crop, scale, hasReferences), degradations, systems, measures(c, hasReferences), effort,
                baseline.isEmpty() ? null : baseline, settings);
    }

    private static StudyPhotos photos(Config c, Path home, int crop, int scale, boolean hasReferences) {
        if (!c.has("photos")) throw new IllegalArgumentException("'photos' is missing: name a folder there or by --photos");
        int most = c.has("count") ? c.positive("count") : Integer.MAX_VALUE;
        if (!(c.json().get("photos") instanceof JsonArray)) {
            return StudyPhotos.below(home.resolve(c.text("photos")).normalize(), most, crop, scale, hasReferences);
        }
        List<String> names = Arrays.stream(c.texts("photos")).limit(most).toList();
        unique("photo", names);
        List<Path> files = names.stream().map(n -> home.resolve(n).normalize()).toList();
        for (Path f : files) check(Files.isRegularFile(f), f + ": there is no such photo");
        return new StudyPhotos(files, names, crop, scale, hasReferences);
    }

    private static List<StudyDegradation> degradations(Config c, boolean hasReferences) {
        if (!hasReferences) {
            check(!c.has("degradations"), "without references photos are taken as they are: leave 'degradations' out");
            return StudyDegradation.of(StudyDegradation.NONE);
        }
        List<StudyDegradation> all = new ArrayList<>();
        for (String text : c.texts("degradations")) all.addAll(StudyDegradation.of(text));
        check(all.size() <= MOST, "at most " + MOST + " degradations are compared");
        unique("degradation", all.stream().map(StudyDegradation::name).toList());
        return all;
    }

    private static List<Entry> measures(Config c, boolean hasReferences) {
        Map<String, Entry> known = Measures.all().stream().collect(Collectors.toMap(e -> e.measure().name(), e -> e));
        List<String> names = List.of(c.texts("measures"));
        unique("measure", names);
        for (String name : names) {
            Entry e = known.get(name);
            check(e != null, "there is no measure '" + ModelError.clean(name) + "'; 'faithdiff measure --list' shows all");
            check(hasReferences || !e.measure().needsReference() || e.measure() instanceof Consistency, name + " needs references");
        }
        return names.stream().map(known::get).toList();
    }

    /** One system, or one for each value of the option that varies. */
    private static List<StudySystem> systems(Config c, Path home) {
        c.only("name", "kind", "model", "initial", "options", "seeds", "vary");
        String name = c.text("name");
        check(NAME.matcher(name).matches(),
                "a system's name has up to 60 letters, digits, spaces and .,+=():%/-, not '" + ModelError.clean(name) + "'");
        StudySystem.Kind kind = StudySystem.Kind.named(c.text("kind", "model"));
        check(kind.needsModel() == c.has("model"),
                "system " + name + ": " + (kind.needsModel() ? "'model' is missing" : "the kind " + kind + " has no model"));
        Path model = kind.needsModel() ? model(c.text("model"), home) : null;
        String first = c.text("initial", "");
        Path initial = !c.has("initial") ? null : first.equals("none") ? StudySystem.NO_INITIAL : model(first, home);
        Map<String, String> options = new LinkedHashMap<>();
        if (c.has("options")) c.at("options").json().asMap().forEach((k, v) -> options.put(k, text(name, k, v)));
        check(kind == StudySystem.Kind.MODEL || options.isEmpty() && !c.has("vary"), "system " + name + ": only models have options");
        List<Long> seeds = c.has("seeds") ? Arrays.stream(c.seeds("seeds")).boxed().toList() : List.of(42L);
        check(new HashSet<>(seeds).size() == seeds.size(), "system " + name + ": a seed is given twice");
        StudySystem one = new StudySystem(name, kind, model, initial, options, seeds, null, Double.NaN);
        List<StudySystem> all = c.has("vary") ? varied(one, c.at("vary")) : List.of(one);
        all.forEach(StudySystem::check);
        return all;
    }

    /** A folder, or a model that was pulled, by its name alone. */
    private static Path model(String text, Path home) {
        Path folder = home.resolve(text).normalize(), pulled = ModelPlaces.of(Path.of(text));
        return Files.exists(folder) || !pulled.isAbsolute() ? folder : pulled;
    }

    private static List<StudySystem> varied(StudySystem one, Config vary) {
        vary.only("option", "values");
        String option = vary.text("option");
        List<StudySystem> all = new ArrayList<>();
        for (String text : vary.texts("values")) {
            Map<String, String> options = new LinkedHashMap<>(one.options());
            options.put(option, text);
            String name = one.name() + " " + option + "=" + text;
            check(NAME.matcher(name).matches(), "'vary' makes the name '" + ModelError.clean(name) + "', which has other signs than a name may have");
            double value = text.matches("-?\\d{1,9}(\\.\\d{1,9})?") ? Double.parseDouble(text) : Double.NaN;
            all.add(new StudySystem(name, one.kind(), one.model(), one.initial(), options, one.seeds(), option, value));
        }
        return all;
    }

    private static String text(String system, String option, JsonElement value) {
        check(value.isJsonPrimitive(), "system " + system + ": the option " + ModelError.clean(option) + " must be a text or a number");
        return value.getAsString();
    }

    private static void unique(String what, List<String> names) {
        Set<String> seen = new HashSet<>();
        for (String name : names) check(seen.add(name), "the " + what + " '" + ModelError.clean(name) + "' is given twice");
    }

    private static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException(rule);
    }
}
