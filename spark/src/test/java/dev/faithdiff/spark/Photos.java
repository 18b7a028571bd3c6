package dev.faithdiff.spark;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;

/** Photos, sessions and processes for the tests of jobs. */
final class Photos {
    private Photos() {}

    static void write(Path file, int width, int height, int number) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % width, y = i / 3 / width;
            rgb[i] = (byte) (128 + 100 * Math.sin((number + 1) * 0.11 * x + (i % 3 + 1) * 0.13 * y + number));
        }
        ImageFiles.write(Image.of(width, height, rgb), file);
    }

    static SparkSession session(String master, Path scratch) {
        return SparkSession.builder().master(master).appName("test").config("spark.ui.enabled", false).config("spark.driver.host", "127.0.0.1")
                .config("spark.sql.warehouse.dir", scratch.resolve("warehouse").toString())
                .config("spark.local.dir", scratch.resolve("spark").toString())
                .getOrCreate();
    }

    /** The bytes of all photos below a folder, by their paths there. */
    static Map<String, byte[]> bytes(Path folder) throws IOException {
        Map<String, byte[]> bytes = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path f : all.filter(Files::isRegularFile).filter(f -> !f.toString().contains("/_photos/")).toList()) {
                bytes.put(folder.relativize(f).toString(), Files.readAllBytes(f));
            }
        }
        return bytes;
    }

    /** Flags of a JVM that runs the program. */
    static List<String> jvm() {
        return List.of("-XX:+UseSerialGC", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true",
                "-Dfaithdiff.tuned=off", "-Dfaithdiff.rates=off", "-Dfaithdiff.home=" + System.getProperty("faithdiff.home"),
                "-Dfaithdiff.model=" + System.getProperty("faithdiff.model"));
    }

    /** Restores with the plain command in a process of its own, and gives its exit code. */
    static int plainly(Path log, String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        line.addAll(jvm());
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.faithdiff.cli.Main", "restore"));
        line.addAll(List.of(arguments));
        Process p = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!p.waitFor(10, TimeUnit.MINUTES)) p.destroyForcibly();
        return p.waitFor();
    }
}
