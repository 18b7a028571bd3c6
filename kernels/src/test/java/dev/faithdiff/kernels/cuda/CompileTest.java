package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.tensor.host.DiskCache;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every CUDA source compiles where nvcc or NVRTC is found, and belongs to a kernel of the table. Only what CUDA's own compilers see is compiled
 * here: {@link EmulationTest} has the same sources compiled by g++ for all types.
 */
class CompileTest {
    private static final String HOPPER = "sm_90a";
    private static final List<String> ARCHITECTURES = List.of("sm_80", HOPPER, "sm_100", "sm_120a");
    /** Sources that together use every instruction written out in prelude.cuh; others are the same for each architecture. */
    private static final List<String> WITH_INSTRUCTIONS = List.of("cast", "attention_flash");
    private static final List<String> NVCC = List.of("nvcc", "-cubin", "-std=c++17", "-Xptxas", "-O1,-warn-spills");
    /** Types of T0, T1, T2 and TO, and of T3 where there is one. F16 has the longest runs, and so the most registers. */
    private static final List<String> PLAIN = List.of("F16 F16 F16 F16");
    private static final List<String> WITH_WEIGHTS = List.of("F16 F16 F16 F16", "BF16 F32 F8_E4M3 BF16");
    private static final List<String> ROUNDING = List.of("F16 F16 F16 F16", "BF16 F32 F8_E4M3 BF16", "F16 F16 F16 F8_E4M3");
    private static final Map<String, List<String>> OTHERS = Map.of(
            "cast", List.of("F8_E4M3 - - F16", "F16 - - F8_E4M3", "F32 - - I64", "F64 - - F32", "F32 - - BF16"),
            "gather", List.of("F16 I32 - F16", "F8_E4M3 I64 - F32"),
            "gather_grad", List.of("F16 I32 - F16"),
            "adam_w", List.of("F32 F16 - F32"),
            "attention_flash", List.of("F16 - - F16", "BF16 - - BF16", "F16 - - F16 F16", "BF16 - - BF16 F32"),
            "attention_plain", List.of("F16 F16 F16 F16", "F32 F32 F32 F32 F32"),
            "attention_scores", List.of("F16 - - F16", "F16 F16 - F16"),
            "runs", List.of("U8 - - U8"),
            "permute", List.of("F16 - - F16"));

    private static List<String> types(String source) {
        boolean weights = List.of("binary", "layer_norm", "layer_norm_grad", "rms_norm", "group_norm").contains(source);
        boolean rounds = source.equals("layer_norm") || source.equals("group_norm");
        return OTHERS.getOrDefault(source, rounds ? ROUNDING : weights ? WITH_WEIGHTS : PLAIN);
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

    @Test void theTargetIsWhatTheCompilerKnows() {
        CudaModules.Compiler compiler = new CudaModules.Compiler() {
            @Override public String version() { return "nvrtc 13.0"; }

            @Override public List<Integer> known() { return List.of(80, 86, 90, 100, 120); }

            @Override public byte[] compile(String source, String name, List<String> options) { throw new UnsupportedOperationException(); }
        };
        assertThat(CudaModules.target(90, compiler)).isEqualTo(HOPPER);
        assertThat(CudaModules.target(120, compiler)).isEqualTo("sm_120a");
        assertThat(CudaModules.target(80, compiler)).isEqualTo("sm_80");
        assertThat(CudaModules.target(89, compiler)).isEqualTo("sm_86");
        assertThat(CudaModules.target(121, compiler)).isEqualTo("sm_120");
        assertThat(CudaModules.target(140, compiler)).isEqualTo("compute_120");
        assertThatThrownBy(() -> CudaModules.target(75, compiler)).isInstanceOf(CudaError.class)
                .hasMessage("nvrtc 13.0 compiles for compute capability 8.0 and newer, and this GPU has 7.5");
    }

    @Tag("native")
    @Test void everySourceCompilesForEachArchitecture(@TempDir Path folder) throws Exception {
        String version = version("nvcc");
        Assumptions.assumeTrue(version != null, "CUDA sources are not compiled by nvcc: there is none");
        everySource(version + NVCC, ARCHITECTURES, (source, types, architecture) -> nvcc(folder, source, types, architecture));
    }

    /** The compiler that the program uses, which needs no GPU: from a folder in faithdiff.cuda.libraries, or from the profile cuda-redist. */
    @Tag("native")
    @Test void everySourceCompilesByNvrtc() throws Exception {
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(),
                Path.of(System.getProperty("user.home")));
        Path jar = RedistJar.unpacked(getClass().getClassLoader(), CudaLibraries.cache().folder());
        if (jar != null) search = search.with(jar);
        int major = CudaLibraries.compiler(search, 13) != null ? 13 : CudaLibraries.compiler(search, 12) != null ? 12 : 0;
        Assumptions.assumeTrue(major != 0, "CUDA sources are not compiled by NVRTC: there is none");
        CudaLibraries.loadNatives(major, "jcuda.nvrtc.JNvrtc");
        Nvrtc nvrtc = new Nvrtc();
        List<String> architectures = ARCHITECTURES.stream().filter(a -> nvrtc.known().stream().anyMatch(k -> a.matches("sm_" + k + "a?"))).toList();
        assertThat(architectures).contains("sm_80", HOPPER);
        everySource(nvrtc.version(), architectures, (source, types, architecture) -> {
            List<String> options = new ArrayList<>(List.of("-arch=" + architecture, "-std=c++17"));
            options.addAll(defines(types));
            return nvrtc.compile(CudaModules.text(source), source + ".cu", options).length > 0 ? "" : "nothing came of " + source + ".cu";
        });
    }

    /** Compiles a source and returns the compiler's messages. */
    private interface Compiler {
        String compile(String source, String types, String architecture) throws IOException, InterruptedException;
    }

    private static void everySource(String version, List<String> architectures, Compiler compiler) throws Exception {
        List<Future<String>> failures = new ArrayList<>();
        try (ExecutorService two = Executors.newFixedThreadPool(2)) {
            for (String source : sources()) {
                for (String t : types(source)) failures.add(two.submit(() -> once(version, compiler, source, t, HOPPER)));
                if (!WITH_INSTRUCTIONS.contains(source)) continue;
                String last = types(source).getLast();
                for (String a : architectures) if (!a.equals(HOPPER)) failures.add(two.submit(() -> once(version, compiler, source, last, a)));
            }
        }
        for (Future<String> f : failures) assertThat(f.get()).isEmpty();
    }

    /** Compiles unless this compiler has compiled the same text before. */
    private static String once(String version, Compiler compiler, String source, String types, String architecture) throws IOException,
            InterruptedException {
        DiskCache compiled = new DiskCache(Path.of("target", "compiled"));
        String key = version + types + architecture + CudaModules.text(source);
        if (compiled.find(key, ".ok") != null) return "";
        String messages = compiler.compile(source, types, architecture);
        if (messages.isEmpty()) compiled.keep(key, ".ok", new byte[0]);
        return messages;
    }

    private static List<String> defines(String types) {
        String[] t = types.split(" ");
        List<String> defines = new ArrayList<>();
        for (int i = 0; i < 3; i++) if (!t[i].equals("-")) defines.add("-DT" + i + "=" + t[i]);
        defines.add("-DTO=" + t[3]);
        if (t.length > 4) defines.add("-DT3=" + t[4]);
        return defines;
    }

    /** A program's version output, or null if it does not run. */
    private static String version(String program) throws InterruptedException {
        try {
            Process p = new ProcessBuilder(program, "--version").redirectErrorStream(true).start();
            String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return p.waitFor() == 0 ? said : null;
        } catch (IOException e) {
            return null;
        }
    }

    private static String nvcc(Path folder, String source, String types, String architecture) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(NVCC);
        command.add("-arch=" + architecture);
        command.addAll(defines(types));
        Path text = Files.createTempFile(folder, source, ".cu");
        Files.writeString(text, CudaModules.text(source));
        command.addAll(List.of("-o", text + ".cubin", text.toString()));
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String messages = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return p.waitFor() == 0 && messages.isBlank() ? "" : String.join(" ", command) + "\n" + messages;
    }
}
