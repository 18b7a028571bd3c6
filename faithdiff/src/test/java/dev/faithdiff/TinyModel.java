package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The fixtures' checkpoint, converted once for all tests. */
public final class TinyModel {
    private static Path folder;
    private static Model model;

    private TinyModel() {}

    public static synchronized Path folder() {
        if (folder != null) return folder;
        try {
            Path target = Files.createTempDirectory("faithdiff-tiny").resolve("model");
            int code = dev.faithdiff.convert.Main.run("convert", Fixtures.path("checkpoint-tiny").toString(), "-o", target.toString());
            assertThat(code).as("exit code of the conversion").isZero();
            return folder = target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static synchronized Model model() { return model == null ? model = Model.open(folder(), Device.CPU) : model; }
}
