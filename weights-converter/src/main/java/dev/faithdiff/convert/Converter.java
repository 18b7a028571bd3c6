package dev.faithdiff.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Makes one model folder of a released checkpoint: checks that all parts are complete, then writes them one tensor at a time. */
final class Converter implements AutoCloseable {
    private static final List<String> TEXT = List.of("text_encoder", "text_encoder_2"), TOKENIZERS = List.of("tokenizer", "tokenizer_2");

    private final SourceFolder source;
    private final DType dtype;
    private final Report report = new Report();
    private final List<WeightFile> files = new ArrayList<>();
    private final Map<String, Map<String, Source>> weights = new LinkedHashMap<>();
    private final Map<String, JsonObject> configs = new LinkedHashMap<>();
    private JsonObject numbers;

    /** {@code dtype} is what floating-point tensors become; null keeps each as it is. */
    Converter(SourceFolder source, DType dtype) {
        this.source = source;
        this.dtype = dtype;
    }

    /**
     * Reads descriptions only and checks them.
     *
     * @throws ConvertError listing all problems if the model would not be complete
     */
    Report plan() {
        boolean text = hasText();
        config("unet", source.sdxl().resolve("unet"));
        config("vae", source.vae());
        if (text) for (String part : TEXT) config(part, source.sdxl().resolve(part));
        require(source.sdxl().resolve("scheduler/scheduler_config.json"));
        if (text) for (String t : TOKENIZERS) for (String f : List.of("vocab.json", "merges.txt")) require(source.sdxl().resolve(t).resolve(f));
        report.requireComplete();

        planUnet(text);
        part("vae", source.vae(), KeyRules.vae(configs.get("vae")));
        if (text) for (String p : TEXT) part(p, source.sdxl().resolve(p), KeyRules.text(configs.get(p)));
        report.requireComplete();
        if (dtype == null && weights.values().stream().flatMap(w -> w.values().stream()).anyMatch(t -> t.dtype() == DType.F32)) {
            report.note("element types are kept; --dtype f16 halves what is F32");
        }
        return report;
    }

    /** Writes what was planned into an existing empty folder; {@code progress} may be null. */
    void write(Path folder, PrintStream progress) throws IOException {
        Files.writeString(folder.resolve("model.json"), ModelJson.text(source, numbers));
        copy(source.sdxl().resolve("scheduler/scheduler_config.json"), folder.resolve("scheduler"));
        if (weights.containsKey(TEXT.getFirst())) for (String t : TOKENIZERS) copyAll(source.sdxl().resolve(t), folder.resolve(t));
        for (String part : weights.keySet()) {
            copy(directory(part).resolve("config.json"), folder.resolve(part));
            Progress line = new Progress(progress, part, weights.get(part).values());
            List<Source> tensors = weights.get(part).values().stream().map(line::counted).toList();
            SafeTensors.write(folder.resolve(part).resolve("model.safetensors"), tensors, Map.of());
        }
    }

    @Override public void close() { files.forEach(WeightFile::close); }

    /** The pipeline's index names the text encoders or sets them to null; without an index their folders decide. */
    private boolean hasText() {
        Path index = source.sdxl().resolve("model_index.json");
        if (!Files.exists(index)) return Files.isDirectory(source.sdxl().resolve(TEXT.getFirst()));
        JsonObject parts = SourceFolder.json(index);
        return TEXT.stream().anyMatch(t -> parts.get(t) instanceof JsonArray a && !a.isEmpty() && !a.get(0).isJsonNull());
    }

    /** SDXL's tensors, FaithDiff's fine-tuned ones in their place, and the modules it adds. */
    private void planUnet(boolean text) {
        Map<String, Source> base = open(source.sdxl().resolve("unet")), fine = KeyRules.unwrap(open(source.faithdiff()));
        JsonObject given = source.numbers() == null ? null : SourceFolder.json(source.numbers());
        numbers = ModelJson.numbers(fine, given, configs.get("unet"), text, report);
        Set<String> plain = KeyRules.unet(configs.get("unet")), added = KeyRules.added(numbers);
        Map<String, Source> all = new LinkedHashMap<>();
        int replaced = 0;
        for (String key : plain) {
            Source old = base.get(key), fresh = fine.get(key);
            if (old != null && fresh != null && !old.shape().equals(fresh.shape())) {
                report.problem("unet: " + key + " is " + old.shape() + " in " + base() + " but " + fresh.shape() + " in " + faithdiff());
            }
            if (fresh != null) replaced++;
            if (fresh != null || old != null) all.put(key, fresh != null ? fresh : old);
        }
        for (String key : added) if (fine.containsKey(key)) all.put(key, fine.get(key));
        Set<String> needed = new TreeSet<>(plain);
        needed.addAll(added);
        keep("unet", all, needed, replaced + " of " + plain.size() + " U-Net tensors and " + added.size() + " added ones from " + faithdiff());
        report.unused(base(), rest(base, plain));
        report.unused(faithdiff(), rest(fine, needed));
    }

    private void part(String name, Path folder, Set<String> needed) {
        Map<String, Source> all = open(folder), taken = new LinkedHashMap<>(all);
        taken.keySet().retainAll(needed);
        keep(name, taken, needed, "from " + folder.getFileName());
        report.unused(folder.getFileName().toString(), rest(all, needed));
    }

    private void keep(String part, Map<String, Source> tensors, Set<String> needed, String origin) {
        Map<String, Source> cast = new LinkedHashMap<>();
        tensors.forEach((key, t) -> cast.put(key, Cast.to(dtype, t)));
        weights.put(part, cast);
        report.missing(part, rest(needed, tensors.keySet()));
        report.mapped(part, cast.values(), origin);
    }

    /** Tensors under the names the model uses. */
    private Map<String, Source> open(Path fileOrFolder) {
        WeightFile file = WeightFile.open(fileOrFolder);
        files.add(file);
        Map<String, Source> tensors = new LinkedHashMap<>();
        for (Source t : file.tensors().values()) {
            Source modern = KeyRules.modern(t);
            tensors.put(modern.name(), modern);
        }
        return tensors;
    }

    private static List<String> rest(Map<String, Source> tensors, Set<String> taken) {
        return tensors.keySet().stream().filter(k -> !taken.contains(k) && !KeyRules.ignored(k)).toList();
    }

    private static List<String> rest(Set<String> needed, Set<String> there) { return needed.stream().filter(k -> !there.contains(k)).toList(); }

    private String base() { return source.sdxl().getFileName() + "/unet"; }

    private String faithdiff() { return source.faithdiff().getFileName().toString(); }

    private Path directory(String part) { return part.equals("vae") ? source.vae() : source.sdxl().resolve(part); }

    private void config(String part, Path folder) {
        if (!Files.isDirectory(folder)) report.problem(part + ": folder " + folder + " is missing");
        else if (require(folder.resolve("config.json"))) configs.put(part, SourceFolder.json(folder.resolve("config.json")));
    }

    private boolean require(Path file) {
        if (Files.isRegularFile(file)) return true;
        report.problem("file " + file + " is missing");
        return false;
    }

    private static void copy(Path file, Path folder) throws IOException {
        Files.createDirectories(folder);
        // small files; Files.copy would keep a read-only mode
        Files.write(folder.resolve(file.getFileName().toString()), Files.readAllBytes(file));
    }

    private static void copyAll(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path f : files.filter(Files::isRegularFile).sorted().toList()) copy(f, to);
        }
    }
}
