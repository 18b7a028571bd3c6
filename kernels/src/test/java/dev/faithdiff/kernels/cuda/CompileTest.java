package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every CUDA source compiles for each generation of GPU, where nvcc is found, and belongs to a kernel of the table. */
class CompileTest {
    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90a", "sm_100");
    /** Types of T0, T1, T2 and TO. */
    private static final List<String> PLAIN = List.of("F32 F32 F32 F32", "F16 F16 F16 F16", "BF16 BF16 BF16 BF16");
    private static final List<String> NARROWER = List.of("F32 F8_E4M3 F8_E4M3 F32", "F16 F8_E4M3 F8_E4M3 F16", "BF16 F32 F16 BF16");
    private static final Map<String, List<String>> OTHERS = Map.of(
            "cast", List.of("F8_E4M3 - - F16", "F16 - - F8_E4M3", "I64 - - F32", "F32 - - I64", "F64 - - F32", "U8 - - F32", "F32 - - U8", "BOOL - - I32", "F8_E5M2 - - F32"),
            "gather", List.of("F32 I64 - F32", "F16 I32 - F16", "F8_E4M3 I64 - F32"),
            "gather_grad", List.of("F32 I64 - F32", "F16 I32 - F16"),
            "adam_w", List.of("F32 F32 - F32", "F32 F16 - F32"),
            "attention_flash", List.of("F16 - - F16", "BF16 - - BF16"),
            "runs", List.of("U8 - - U8", "F16 - - F16", "I64 - - I64"),
            "permute", List.of("U8 - - U8", "F16 - - F16", "F32 - - F32"));

    private static List<String> types(String source) {
        if (OTHERS.containsKey(source)) return OTHERS.get(source);
        boolean weights = List.of("binary", "layer_norm", "layer_norm_grad", "group_norm").contains(source);
        return weights ? Stream.of(PLAIN, NARROWER).flatMap(List::stream).toList() : PLAIN;
    }

    private static List<String> sources() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/main/resources/cuda"))) {
            return files.map(f -> f.getFileName().toString()).filter(f -> f.endsWith(".cu")).map(f -> f.replace(".cu", "")).sorted().toList();
        }
    }

    @Test void everySourceHasATableLine() throws IOException {
        TreeSet<String> used = new CudaBackend().kernels().stream().filter(CudaKernel.class::isInstance).map(k -> ((CudaKernel<?>) k).source())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(sources()).containsExactlyElementsOf(used);
    }

    @Test void everySourceCompilesForEachArchitecture(@TempDir Path folder) throws Exception {
        String compiler = version("nvcc");
        Assumptions.assumeTrue(compiler != null, "CUDA sources are not compiled: there is no nvcc");
        List<Future<String>> failures = new ArrayList<>();
        try (ExecutorService two = Executors.newFixedThreadPool(2)) {
            for (String source : sources()) {
                List<String> types = types(source);
                for (int i = 0; i < types.size(); i++) {
                    // All types for Hopper; for the others, where only the code generation differs, the last.
                    for (String architecture : i == types.size() - 1 ? ARCHITECTURES : List.of("sm_90a")) {
                        String t = types.get(i);
                        failures.add(two.submit(() -> compile(compiler, folder, source, t, architecture)));
                    }
                }
            }
        }
        for (Future<String> f : failures) assertThat(f.get()).isEmpty();
    }

    /** What a program says of its version, or null if it does not run. */
    private static String version(String program) throws InterruptedException {
        try {
            Process p = new ProcessBuilder(program, "--version").redirectErrorStream(true).start();
            String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return p.waitFor() == 0 ? said : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** The compiler's messages; empty if there are none. */
    private static String compile(String compiler, Path folder, String source, String types, String architecture) throws IOException, InterruptedException {
        String all = EmulatedDevice.resource("prelude.cuh") + "#line 1 \"" + source + ".cu\"\n" + EmulatedDevice.resource(source + ".cu");
        String[] t = types.split(" ");
        List<String> command = new ArrayList<>(List.of("nvcc", "-cubin", "-std=c++17", "-Xptxas", "-O1,-warn-spills", "-arch=" + architecture));
        for (int i = 0; i < 3; i++) if (!t[i].equals("-")) command.add("-DT" + i + "=" + t[i]);
        command.add("-DTO=" + t[3]);
        // What compiled here once, by this compiler, need not again.
        DiskCache compiled = new DiskCache(Path.of("target", "compiled"));
        String key = compiler + command + all;
        if (compiled.find(key, ".ok") != null) return "";
        Path text = Files.createTempFile(folder, source, ".cu");
        Files.writeString(text, all);
        command.addAll(List.of("-o", text + ".cubin", text.toString()));
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String messages = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        boolean fine = p.waitFor() == 0 && messages.isBlank();
        if (fine) compiled.keep(key, ".ok", new byte[0]);
        return fine ? "" : String.join(" ", command) + "\n" + messages;
    }
}
