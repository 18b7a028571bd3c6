package dev.faithdiff.train;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The settings of one training run, from its JSON file (docs/training.md lists all).
 * Missing settings have the values of {@code defaults.json}; unknown keys are errors. Folders are relative to the file.
 *
 * @param saveEvery     steps between two checkpoints
 * @param validateEvery steps between two validations
 * @param ablations     variations of the method, by the names of {@link Ablation} in lower case with hyphens
 */
public record RunFile(Start model, Data data, ValidationData validation, long seed, int saveEvery, int validateEvery, List<String> ablations,
        List<Stage> stages) {
    /** Where the initial weights come from: a model folder, or drawn weights for the configuration files of a model folder. One is empty. */
    public record Start(String start, String architecture) {
        public Start {
            check(start.isEmpty() != architecture.isEmpty(), "'model' must have either 'start' or 'architecture'");
        }

        /** The folder of the configuration files. */
        Path folder() { return Path.of(start.isEmpty() ? architecture : start); }

        boolean drawn() { return start.isEmpty(); }
    }

    /**
     * The photos and how they are degraded.
     *
     * @param initial        model folder of the network that restores a degraded crop first; empty: none, a filter enlarges it
     * @param initialShare   of its result in the mixture with the enlarged crop, see {@link dev.faithdiff.restore.FirstStage}
     * @param initialPasses  of that network over a crop
     * @param cacheMegabytes memory for decoded photos
     * @param flip           probability of a mirrored crop
     * @param enlarge        filters that bring a degraded photo back to its size, each as likely
     */
    public record Data(String folder, String initial, double initialShare, int initialPasses, int cacheMegabytes, double flip, List<String> enlarge,
            List<Degradation> degradations) {
        public Data {
            check(!folder.isEmpty(), "'data.folder' is missing: the folder of the photos to train on");
            check(flip >= 0 && flip <= 1, "'data.flip' must be 0..1");
            check(!enlarge.isEmpty() && !degradations.isEmpty(), "'data.enlarge' and 'data.degradations' must not be empty");
            enlarge.forEach(Data::filter);
        }

        List<Filter> filters() { return enlarge.stream().map(Data::filter).toList(); }

        private static Filter filter(String name) {
            for (Filter f : Filter.values()) if (f.name().toLowerCase(Locale.ROOT).equals(name)) return f;
            throw new IllegalArgumentException("'data.enlarge' knows nearest, bilinear, bicubic and lanczos, not " + name);
        }
    }

    /** A degradation recipe, by what factor it shrinks the sides, and its weight in the random choice among all. */
    public record Degradation(String recipe, int scale, double weight) {
        public Degradation {
            Recipe.named(recipe);
            check(scale >= 1 && weight > 0, "a degradation's scale must be at least 1 and its weight above 0");
        }
    }

    /**
     * Validation photos, which are never trained on. An empty folder: no validation.
     *
     * @param crop  side of the crop from a photo's middle, in pixels
     * @param steps denoising steps; 0: the model's own
     */
    public record ValidationData(String folder, int photos, int crop, String recipe, int scale, int steps) {
        public ValidationData {
            Recipe.named(recipe);
            check(photos >= 1 && scale >= 1 && crop >= 16 && crop % scale == 0, "'validation' needs photos, and a crop of at least 16 "
                    + "pixels that the scale divides");
            check(steps >= 0 && steps <= 1000, "'validation.steps' must be 0..1000");
        }
    }

    public RunFile {
        check(!stages.isEmpty(), "'stages' is missing: what to train, in order");
        Set<Ablation> known = ablationsOf(ablations);
        check(model.drawn() || !known.contains(Ablation.NO_ALIGNMENT) && !known.contains(Ablation.LAST_FEATURES),
                "the ablations no-alignment and last-features are other networks: they need 'model.architecture', not 'model.start'");
        check(saveEvery >= 1 && validateEvery >= 1, "'saveEvery' and 'validateEvery' must be at least 1");
    }

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final JsonObject DEFAULTS = defaults();

    /**
     * Reads a run file.
     *
     * @param photos a folder in place of the file's own {@code data.folder}; null: the file's
     * @param held   a folder in place of the file's own {@code validation.folder}; null: the file's
     * @throws UncheckedIOException in one line if the file cannot be read or says something wrong
     */
    public static RunFile read(Path file, Path photos, Path held) {
        try {
            JsonObject given = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            folder(given, "data", photos);
            folder(given, "validation", held);
            return of(given).from(file.toAbsolutePath().getParent());
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException(new IOException(file + ": there is no such file", e));
        } catch (JsonParseException | IllegalStateException e) {
            throw new UncheckedIOException(new IOException(file + ": is not a JSON object", e));
        } catch (IllegalArgumentException e) {
            throw new UncheckedIOException(new IOException(file + ": " + e.getMessage(), e));
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot read " + file + ": " + IoReason.of(e), e));
        }
    }

    private static void folder(JsonObject given, String part, Path folder) {
        if (folder == null) return;
        if (!given.has(part)) given.add(part, new JsonObject());
        if (given.get(part) instanceof JsonObject settings) settings.addProperty("folder", folder.toAbsolutePath().toString());
    }

    /** @throws IllegalArgumentException saying what is wrong */
    static RunFile of(JsonObject given) {
        try {
            return GSON.fromJson(Defaults.under(DEFAULTS, given, ""), RunFile.class);
        } catch (RuntimeException e) {
            throw e.getCause() instanceof IllegalArgumentException rule ? rule : e; // Gson wraps what a record's constructor throws
        }
    }

    /** Reads what {@link #json} wrote. */
    public static RunFile parse(String json) { return of(JsonParser.parseString(json).getAsJsonObject()); }

    /**
     * The first setting that differs from another run's, of those that decide the weights up to a stage; null if there is none. Folders of
     * photos may differ, and later stages may be added or changed.
     */
    String differenceUpTo(int stage, RunFile other) {
        return difference("", GSON.toJsonTree(deciding(stage)), GSON.toJsonTree(other.deciding(stage)));
    }

    private Map<String, Object> deciding(int stage) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("seed", seed);
        all.put("model", model.drawn() ? "drawn" : "given");
        all.put("ablations", ablations);
        all.put("data.initial", data.initial.isEmpty() ? "none" : "given");
        all.put("data.initialShare", data.initialShare);
        all.put("data.initialPasses", data.initialPasses);
        all.put("data.flip", data.flip);
        all.put("data.enlarge", data.enlarge);
        all.put("data.degradations", data.degradations);
        all.put("stages", stagesToRun().subList(0, Math.min(stage + 1, stagesToRun().size())));
        return all;
    }

    private static String difference(String key, JsonElement a, JsonElement b) {
        if (a instanceof JsonObject x && b instanceof JsonObject y) {
            for (String name : x.keySet()) {
                String found = difference(key.isEmpty() ? name : key + "." + name, x.get(name), y.get(name));
                if (found != null) return found;
            }
            return null;
        }
        if (a instanceof JsonArray x && b instanceof JsonArray y && x.size() == y.size()) {
            for (int i = 0; i < x.size(); i++) {
                String found = difference(key + "[" + i + "]", x.get(i), y.get(i));
                if (found != null) return found;
            }
            return null;
        }
        return a.equals(b) ? null : "'" + key + "'";
    }

    /** All settings, defaults included. */
    public String json() { return GSON.toJson(this) + "\n"; }

    /** Limits the steps of each stage. */
    public RunFile withSteps(int most) { return with(ablations, stages.stream().map(s -> s.withSteps(Math.min(s.steps(), most))).toList()); }

    /** The run with other ablations than the file's. */
    public RunFile withAblations(List<String> names) { return with(names, stages); }

    private RunFile with(List<String> ablations, List<Stage> stages) {
        return new RunFile(model, data, validation, seed, saveEvery, validateEvery, ablations, stages);
    }

    Set<Ablation> ablationSet() { return ablationsOf(ablations); }

    private static Set<Ablation> ablationsOf(List<String> names) {
        Set<Ablation> all = EnumSet.noneOf(Ablation.class);
        for (String name : names) {
            try {
                all.add(Ablation.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("there is no ablation '" + name + "'; there are " + Arrays.stream(Ablation.values())
                        .map(a -> a.name().toLowerCase(Locale.ROOT).replace('_', '-')).collect(Collectors.joining(", ")), e);
            }
        }
        return all;
    }

    /** The stages to run. Without pre-training, alignment stages are left out, and the next stage gets their {@code begin}. */
    List<Stage> stagesToRun() {
        if (!ablationSet().contains(Ablation.NO_PRETRAINING)) return stages;
        List<Stage> run = new ArrayList<>();
        List<String> waiting = new ArrayList<>();
        for (Stage s : stages) {
            waiting.addAll(s.begin());
            if (s.objective().equals("align")) continue;
            run.add(s.with(s.steps(), List.copyOf(waiting)));
            waiting.clear();
        }
        return run;
    }

    /** Steps of all stages. */
    public long totalSteps() { return stagesToRun().stream().mapToLong(Stage::steps).sum(); }

    private RunFile from(Path folder) {
        return new RunFile(new Start(in(folder, model.start), in(folder, model.architecture)),
                new Data(in(folder, data.folder), in(folder, data.initial), data.initialShare, data.initialPasses, data.cacheMegabytes,
                        data.flip, data.enlarge, data.degradations),
                new ValidationData(in(folder, validation.folder), validation.photos, validation.crop, validation.recipe, validation.scale,
                        validation.steps),
                seed, saveEvery, validateEvery, ablations, stages);
    }

    private static String in(Path folder, String path) { return path.isEmpty() ? path : folder.resolve(path).normalize().toString(); }

    static void check(boolean holds, String rule) {
        if (!holds) throw new IllegalArgumentException(rule);
    }

    private static JsonObject defaults() {
        try (InputStream in = RunFile.class.getResourceAsStream("defaults.json")) {
            return JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8)).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
