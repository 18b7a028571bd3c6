package dev.faithdiff.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model a command works with, as an option. */
final class ModelChoice {
    @Option(names = "--model", paramLabel = "DIR", description = "Model folder made by 'faithdiff convert' or 'faithdiff train' (default: the bundled "
            + "small model).")
    private Path model;

    Path folder() {
        if (model != null) return model.toAbsolutePath().normalize();
        String usual = System.getProperty("faithdiff.model");
        if (usual != null) return Path.of(usual).toAbsolutePath().normalize();
        String home = System.getProperty("faithdiff.home");
        if (home == null) throw new IllegalStateException("no --model is given and the property faithdiff.home does not say where the bundled one is");
        return Path.of(home, "models", "faithdiff-mini");
    }
}
