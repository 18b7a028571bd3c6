package dev.faithdiff.convert.command;

import dev.faithdiff.model.Checksums;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The weight files of a model folder. */
final class ModelParts {
    private ModelParts() {}

    static boolean isModel(Path path) { return Files.exists(path.resolve("model.json")); }

    /** Those of a model folder; of anything else the path itself. */
    static List<Path> of(Path path) {
        if (!isModel(path)) return List.of(path);
        List<Path> parts = Checksums.names(path).stream().filter(name -> name.endsWith(".safetensors")).map(path::resolve).toList();
        return parts.isEmpty() ? List.of(path) : parts;
    }
}
