package dev.faithdiff.convert.system;

import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The files that a model folder is to have: small ones, and for each part the tensors of its {@code model.safetensors}. */
final class ModelPlan {
    private final Precision precision;
    private final ConversionReport report;
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final Map<String, Map<String, Source>> parts = new LinkedHashMap<>();

    ModelPlan(Precision precision, ConversionReport report) {
        this.precision = precision;
        this.report = report;
    }

    void file(String path, String text) { files.put(path, text.getBytes(StandardCharsets.UTF_8)); }

    void files(Map<String, byte[]> more) { files.putAll(more); }

    /** Takes the configuration of a part and returns what it says. @param config null: it is missing, which the report tells */
    Config config(String part, Sdxl.ConfigFile config) {
        report.requireComplete();
        file(part + "/config.json", config.text());
        return config.config();
    }

    /** Takes the needed tensors of a part. Missing and misshapen ones are problems; others are reported by {@link ConversionReport#unused}. */
    void part(String part, Map<String, Source> tensors, Map<String, Shape> needed, String origin) {
        take(part, tensors, needed, origin);
        report.unused(part, origin, KeyNames.unused(tensors, needed), needed.keySet());
    }

    /** As {@link #part}, but every tensor that the network does not need is a problem. */
    void whole(String part, Map<String, Source> tensors, Map<String, Shape> needed, String origin) {
        take(part, tensors, needed, origin);
        tensors.keySet().stream().filter(k -> !needed.containsKey(k))
                .forEach(k -> report.problem(part + ": " + ModelError.clean(k) + " is not part of the model"));
    }

    private void take(String part, Map<String, Source> tensors, Map<String, Shape> needed, String origin) {
        Map<String, Source> taken = new LinkedHashMap<>();
        needed.forEach((key, shape) -> {
            Source t = tensors.get(key);
            if (t == null) report.problem(part + ": " + key + " is missing");
            else if (!t.shape().equals(shape)) report.problem(part + ": " + key + " is " + t.shape() + " but the model takes " + shape);
            else taken.put(key, precision.apply(part, t));
        });
        parts.put(part, taken);
        report.mapped(part, taken.values(), origin);
        long integers = taken.keySet().stream().filter(k -> !tensors.get(k).dtype().isFloating() && !GroupedTensors.isPartOfOne(k, needed)).count();
        if (integers > 0) report.note(part + ": " + integers + " tensors hold integers, which are read as plain numbers, without scales");
        if (precision.keeps() && taken.values().stream().anyMatch(t -> t.dtype() == DType.F32)) {
            report.note(part + ": element types are kept; --dtype f16 would halve the size of F32 tensors");
        }
    }

    /** Writes everything into an existing empty folder, with checksums; {@code progress} may be null. */
    void write(Path folder, PrintStream progress) throws IOException {
        for (var f : files.entrySet()) {
            Path file = folder.resolve(f.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, f.getValue());
        }
        for (String part : parts.keySet()) {
            Progress line = new Progress(progress, part, parts.get(part).values());
            List<Source> tensors = parts.get(part).values().stream().map(line::counted).toList();
            Files.createDirectories(folder.resolve(part));
            SafeTensors.write(folder.resolve(part).resolve("model.safetensors"), tensors, Map.of());
        }
        Checksums.write(folder);
    }
}
