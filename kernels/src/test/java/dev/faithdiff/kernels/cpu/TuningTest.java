package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.CpuBackend;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningTest {
    /** What was kept is used by whatever a later process begins with: classes are loaded anew for each class of kernels to be initialised first. */
    @Tag("process")
    @Test void anyClassMayComeFirst(@TempDir Path cache) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Dfaithdiff.threads=1", "-cp",
                System.getProperty("java.class.path"), TuningTest.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("XDG_CACHE_HOME", cache.toString());
        Process process = builder.start();
        List<String> lines = process.inputReader().readAllLines();
        assertThat(process.waitFor()).as(String.join("\n", lines)).isZero();
        assertThat(lines).hasSizeGreaterThan(100).allMatch(l -> l.endsWith("200"));
    }

    /** Keeps a size, then prints each class and the size that is in use where it came first, or why there is none. */
    public static void main(String[] args) throws Exception {
        Tuning.keep(Map.of(Tuning.WINOGRAD_BLOCK, 200));
        List<URL> path = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) path.add(Path.of(entry).toUri().toURL());
        for (String name : names(Path.of(CpuBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI()))) {
            try (URLClassLoader loader = new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
                Class.forName(name, true, loader);
                Object size = Class.forName(Tuning.class.getName(), true, loader).getField("WINOGRAD_BLOCK").get(null);
                System.out.println(name + " " + size.getClass().getMethod("percent").invoke(size));
            } catch (LinkageError e) {
                System.out.println(name + " " + e);
            }
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(f -> folder.relativize(f).toString()).filter(f -> f.endsWith(".class") && !f.endsWith("-info.class"))
                    .map(f -> f.replace(".class", "").replace(File.separatorChar, '.')).sorted().toList();
        }
    }
}
