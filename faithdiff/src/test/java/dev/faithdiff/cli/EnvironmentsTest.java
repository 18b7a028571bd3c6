package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher with what was just compiled, in the environments that {@code environments.sh} makes. */
@Tag("process") @EnabledOnOs(OS.LINUX)
class EnvironmentsTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));

    @TempDir Path dir;

    @Test void everyEnvironmentWorksOrIsNamed() throws Exception {
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path root = checkout(dir.resolve("my photos [1] Fäith")), photo = dir.resolve("photo.png"), model = dir.resolve("model");
        byte[] rgb = new byte[3 * 24 * 16];
        new Random(1).nextBytes(rgb);
        ImageFiles.write(Image.of(24, 16, rgb), photo);
        copy(CliTest.MODEL, model);
        Path script = HOME.resolve("faithdiff/src/test/resources/environments.sh"), log = dir.resolve("log");
        ProcessBuilder bash = new ProcessBuilder("bash", script.toString(), root.toString(), photo.toString(),
                Files.createDirectory(dir.resolve("work")).toString());
        bash.environment().put("FAITHDIFF_JAVA_OPTS", "-XX:TieredStopAtLevel=1 -Dfaithdiff.model=" + model);
        int code = bash.redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();
        List<String> said = Files.readAllLines(log);
        assertThat(said).noneMatch(l -> l.startsWith("FAILED"));
        assertThat(said.stream().filter(l -> l.matches("(ok|skipped) .*"))).as("checks: " + said).hasSize(19);
        assertThat(code).isZero();
    }

    /** A checkout without sources, so that the launcher builds nothing: its jars hold the classes under test and the libraries. */
    private static Path checkout(Path root) throws IOException {
        Path app = Files.createDirectories(root.resolve("target/launcher/app"));
        int n = 0;
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(part);
            if (Files.isRegularFile(path)) Files.copy(path, app.resolve(n++ + "-" + path.getFileName()));
            else if (Files.isDirectory(path)) pack(path, app.resolve(n++ + ".jar"));
        }
        copy(HOME.resolve("bin"), root.resolve("bin"));
        return root;
    }

    private static void pack(Path classes, Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file);
                Stream<Path> all = Files.walk(classes)) {
            for (Path f : all.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new ZipEntry(classes.relativize(f).toString()));
                Files.copy(f, out);
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path f : all.toList()) Files.copy(f, to.resolve(from.relativize(f).toString()));
        }
    }
}
