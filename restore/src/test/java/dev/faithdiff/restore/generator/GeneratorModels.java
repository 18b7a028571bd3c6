package dev.faithdiff.restore.generator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The fixtures' networks of one pass, each converted once for all tests. */
public final class GeneratorModels {
    private static final Map<String, Path> FOLDERS = new HashMap<>();

    private GeneratorModels() {}

    /** The model folder of a file of the published fixtures, such as {@code realesrgan_x4}. */
    public static Path folder(String name) { return of("rrdbnet/" + name + ".pth"); }

    /** The model folder of a file of the fixtures, such as {@code generators/srvgg_x2.param}. */
    public static synchronized Path of(String file) {
        return FOLDERS.computeIfAbsent(file, f -> {
            try {
                Path target = Files.createTempDirectory("faithdiff-generator").resolve("model"), source = Fixtures.path(f);
                assertThat(dev.faithdiff.convert.Main.run("convert", source.toString(), "-o", target.toString())).as("exit code").isZero();
                return target;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
