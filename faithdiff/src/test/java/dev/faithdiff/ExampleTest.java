package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example that users copy compiles against this build and restores a photo. */
@Tag("process")
class ExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("faithdiff.home"));

    @TempDir Path dir;

    @Test void compilesAndRuns() throws Exception {
        String classes = System.getProperty("java.class.path");
        int code = ToolProvider.getSystemJavaCompiler().run(null, null, null, "-Xlint:all", "-Werror", "-proc:none", "-cp", classes, "-d", dir.toString(),
                ROOT.resolve("examples/RestorePhoto.java").toString());
        assertThat(code).as("exit code of the compiler").isZero();
        byte[] rgb = new byte[3 * 16 * 12];
        new Random(2).nextBytes(rgb);
        Path in = dir.resolve("in.png"), out = dir.resolve("out.png");
        ImageFiles.write(Image.of(16, 12, rgb), in);
        Process p = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-cp", dir + System.getProperty("path.separator") + classes, "RestorePhoto",
                PatchedModel.SMALL.toString(), in.toString(), out.toString()).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes());
        assertThat(p.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(p.exitValue()).as(said).isZero();
        assertThat(said).contains("step 20 of 20");
        Image restored = ImageFiles.read(out);
        assertThat(restored.width() + "x" + restored.height()).isEqualTo("32x24");
    }
}
