package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        int code = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-Xlint:all", "-Werror", "-proc:none", "-cp", classes, "-d", dir.toString(),
                ROOT.resolve("examples/RestorePhoto.java").toString());
        assertThat(code).as("exit code of the compiler").isZero();
        byte[] rgb = new byte[3 * 16 * 12];
        new Random(2).nextBytes(rgb);
        Path in = dir.resolve("in.png"), out = dir.resolve("out.png");
        ImageFiles.write(Image.of(16, 12, rgb), in);
        String[] run = {"-cp", dir + System.getProperty("path.separator") + classes, "RestorePhoto", PatchedModel.SMALL.toString(), in.toString(),
            out.toString()};
        assertThat(java(0, List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"), run)).contains("step 8 of 8");
        Image restored = ImageFiles.read(out);
        assertThat(restored.width() + "x" + restored.height()).isEqualTo("32x24");
        assertThat(java(1, List.of(), run)).contains("OpError: Java runs without the module jdk.incubator.vector; start it with --add-modules "
                + "jdk.incubator.vector --enable-native-access=ALL-UNNAMED").doesNotContain("ServiceConfigurationError");
        run[3] = dir.resolve("nosuch").toString();
        assertThat(java(1, List.of(), run)).contains("ModelError: " + run[3] + ": there is no such model folder");
    }

    /** What a Java process prints. */
    private static String java(int code, List<String> flags, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(flags);
        command.addAll(List.of(arguments));
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes());
        assertThat(p.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(p.exitValue()).as(said).isEqualTo(code);
        return said;
    }
}
