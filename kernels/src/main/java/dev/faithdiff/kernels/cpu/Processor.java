package dev.faithdiff.kernels.cpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** This machine's processor. */
public final class Processor {
    /** The threads that the system lets this process run at a time. */
    static final int THREADS = Runtime.getRuntime().availableProcessors();

    private static final Path LINUX = Path.of("/proc/cpuinfo");

    private Processor() {}

    /** What the system calls it, such as {@code AMD EPYC}. */
    public static String name() {
        return field("model name").or(() -> output("sysctl", "-n", "machdep.cpu.brand_string"))
                .orElseGet(() -> System.getenv().getOrDefault("PROCESSOR_IDENTIFIER", System.getProperty("os.arch")));
    }

    /** Its name with family and model where the system tells them: virtual machines often have one name for all generations. */
    static String identity() {
        return name() + field("cpu family").map(f -> " family " + f).orElse("") + field("model\t").map(m -> " model " + m).orElse("");
    }

    private static Optional<String> field(String name) {
        try (Stream<String> lines = Files.lines(LINUX)) {
            return lines.filter(l -> l.startsWith(name)).map(l -> l.substring(l.indexOf(':') + 1).strip()).findFirst();
        } catch (IOException e) {
            return Optional.empty(); // not Linux
        }
    }

    private static Optional<String> output(String... command) {
        try {
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return p.waitFor() == 0 && !out.isEmpty() ? Optional.of(out) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
