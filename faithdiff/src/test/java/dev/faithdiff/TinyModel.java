package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The fixtures' checkpoint, converted once for all tests, and NCHW tensors of fixtures as the engine's. */
public final class TinyModel {
    private static Path folder;
    private static Model model;

    private TinyModel() {}

    public static synchronized Path folder() {
        if (folder != null) return folder;
        try {
            Path target = Files.createTempDirectory("faithdiff-tiny").resolve("model");
            int code = dev.faithdiff.convert.Main.run("convert", Fixtures.dir().resolve("checkpoint-tiny").toString(), "-o", target.toString());
            assertThat(code).as("exit code of the conversion").isZero();
            return folder = target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static synchronized Model model() { return model == null ? model = Model.open(folder(), Device.CPU) : model; }

    /** A tensor of a fixture; four axes are N, C, H, W there and B, H, W, C here. */
    public static Tensor tensor(Fixtures f, String name) {
        Shape s = f.shape(name);
        if (s.rank() != 4) return Tensor.of(f.floats(name), s.toArray());
        return Tensor.of(f.nhwc(name), s.size(0), s.size(2), s.size(3), s.size(1));
    }

    public static void assertClose(String what, Tensor actual, Fixtures f, String name, double atol) {
        float[] expected = f.shape(name).rank() == 4 ? f.nhwc(name) : f.floats(name);
        Fixtures.assertClose(what, actual.toFloats(), expected, atol);
    }
}
