package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

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

    /** The model folder of a file such as {@code realesrgan_x4}. */
    public static synchronized Path folder(String name) {
        return FOLDERS.computeIfAbsent(name, n -> {
            try {
                Path target = Files.createTempDirectory("faithdiff-generator").resolve(n);
                Path source = Fixtures.dir().resolve("rrdbnet").resolve(n + ".pth");
                assertThat(dev.faithdiff.convert.Main.run("convert", source.toString(), "-o", target.toString())).as("exit code").isZero();
                return target;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
