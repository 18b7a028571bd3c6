package dev.faithdiff.spark;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * What a download of Spark and this program's own jars are to {@code spark-submit}, made of Maven's class path: a folder with a jar that names
 * Spark's jars, and jars of what the program adds.
 *
 * @param folder  to be SPARK_HOME
 * @param program jars for {@code --jars}
 */
record SparkHome(Path folder, List<Path> program) {
    private static final List<String> OF_PROGRAM = List.of("/twelvemonkeys/", "/picocli/", "/usefulness/", "/drewnoakes/", "/adobe/", "/tongfei/",
            "/knowm/", "/jcuda/", "/kotlin/");

    static SparkHome make(Path folder) throws IOException {
        Path jars = Files.createDirectories(folder.resolve("jars")), made = Files.createDirectories(folder.resolve("program"));
        List<Path> program = new ArrayList<>();
        List<String> ofSpark = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path.resolve("dev/faithdiff"))) program.add(jar(path, made.resolve(program.size() + ".jar")));
            else if (isOfProgram(path)) program.add(path);
            else if (entry.endsWith(".jar")) ofSpark.add(path.toUri().toString());
        }
        Manifest all = new Manifest();
        all.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        all.getMainAttributes().put(Attributes.Name.CLASS_PATH, String.join(" ", ofSpark));
        new JarOutputStream(Files.newOutputStream(jars.resolve("spark.jar")), all).close();
        return new SparkHome(folder, program);
    }

    /** Maven's jars of this program lie in one folder of the build. */
    private static boolean isOfProgram(Path jar) {
        return jar.getParent().endsWith("app") || OF_PROGRAM.stream().anyMatch(jar.toString()::contains);
    }

    private static Path jar(Path classes, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar)); Stream<Path> all = Files.walk(classes)) {
            for (Path f : all.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(f).toString()));
                Files.copy(f, out);
            }
        }
        return jar;
    }

    String jars() { return String.join(",", program.stream().map(Path::toString).toList()); }

    /** Starts a driver: a class of Spark's, or one of a test. @param more of the class path, or an empty string */
    Process driver(Path log, String more, List<String> flags, String main, List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        line.addAll(Photos.jvm());
        line.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptionArray()));
        line.addAll(flags);
        line.addAll(List.of("-cp", folder.resolve("jars") + "/*" + more, main));
        line.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).directory(folder.toFile());
        builder.environment().put("SPARK_HOME", folder.toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        return builder.start();
    }
}
