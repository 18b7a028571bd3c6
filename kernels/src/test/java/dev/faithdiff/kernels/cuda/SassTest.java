package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.host.DiskCache;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The instructions that our kernels become for Hopper in F16: none keeps registers in memory, and those that move long rows do so by 16 bytes at a
 * time. Needs nvcc and nvdisasm, which is looked for on the PATH, in CUDA_HOME, and in a Triton below the folders of faithdiff.cuda.libraries.
 */
@Tag("native")
class SassTest {
    private static final String ARCHITECTURE = "sm_90a", TRITON = "triton/backends/nvidia/bin";
    /** Source, its types, F16 where none is said, and for each entry of interest the least number of loads and of stores of 16 bytes. */
    private static final List<String> EXPECTED = List.of(
            "attention_flash: T0 TO: attention_64 12 0, attention_128 12 0",
            "group_norm: T0 T1 T2 TO: group_norm_channels 4 0, group_norm_apply 6 4",
            "group_norm: T0 T1 T2 TO=F8_E4M3: group_norm_rounded_channels 4 0, group_norm_rounded_apply 6 0",
            "layer_norm: T0 T1 T2 TO=F8_E4M3: layer_norm_rounded6 6 0",
            "layer_norm: T0 T1 T2 TO: layer_norm_warp6 6 6, layer_norm_block 8 8",
            "binary: T0 T1 TO: ADD_SAME 2 1, ADD_ROWS 4 4",
            "geglu: T0 TO: geglu 2 1", "affine: T0 TO: affine 1 1", "cast: T0 TO: cast 1 1", "unary: T0 TO: GELU 1 1, SILU 1 1",
            "softmax: T0 TO: softmax 1 1", "resize_nearest: T0 TO: resize_nearest_wide 1 1", "permute: T0 TO: permute_rows_wide 1 1",
            "runs: T0 TO: runs_wide 1 1", "upsample_phases: T0 TO: upsample_phases 1 1", "round_rows: T0 TO: round_rows 2 0");

    /** What is counted of one entry's instructions. */
    private static final class Counts {
        int loads, stores, local;
    }

    @TempDir private Path folder;

    @Test void noRegisterSpillsAndRowsMoveBy16Bytes() throws Exception {
        String disassembler = disassembler();
        Assumptions.assumeTrue(disassembler != null, "instructions are not looked at: there is no nvdisasm");
        Assumptions.assumeTrue(said("nvcc", "--version") != null, "instructions are not looked at: there is no nvcc");
        DiskCache seen = new DiskCache(Path.of("target", "compiled"));
        List<String> wrong = new ArrayList<>();
        for (String line : EXPECTED) {
            String[] parts = line.split(": ");
            String key = line + disassembler + said("nvcc", "--version") + CudaModules.text(parts[0]);
            if (seen.find(key, ".sass") != null) continue;
            List<String> faults = faults(disassembler, parts[0], parts[1].split(" "), parts[2].split(", "));
            if (faults.isEmpty()) seen.keep(key, ".sass", new byte[0]);
            wrong.addAll(faults);
        }
        assertThat(wrong).isEmpty();
    }

    private List<String> faults(String disassembler, String source, String[] types, String[] entries) throws Exception {
        Path text = folder.resolve(source + ".cu"), code = folder.resolve(source + ".cubin");
        Files.writeString(text, CudaModules.text(source));
        List<String> command = new ArrayList<>(List.of("nvcc", "-cubin", "-std=c++17", "-arch=" + ARCHITECTURE, "-o", code.toString(),
                text.toString()));
        for (String type : types) command.add("-D" + type + (type.contains("=") ? "" : "=F16"));
        assertThat(said(command.toArray(String[]::new))).as(source).isNotNull();
        Map<String, Counts> found = counts(said(disassembler, code.toString()));
        List<String> faults = new ArrayList<>();
        found.forEach((entry, c) -> { if (c.local > 0) faults.add(entry + " keeps registers in memory: " + c.local + " instructions"); });
        for (String e : entries) {
            String[] least = e.split(" ");
            Counts c = found.get(least[0]);
            assertThat(c).as(source + " has " + found.keySet()).isNotNull();
            if (c.loads < Integer.parseInt(least[1]) || c.stores < Integer.parseInt(least[2])) {
                faults.add(e + " expected, but there are " + c.loads + " loads and " + c.stores + " stores of 16 bytes");
            }
        }
        return faults;
    }

    private static Map<String, Counts> counts(String disassembled) {
        Map<String, Counts> counts = new TreeMap<>();
        Counts now = new Counts();
        for (String line : disassembled.split("\n")) {
            if (line.startsWith(".text.")) counts.put(line.substring(".text.".length(), line.indexOf(':')), now = new Counts());
            if (line.contains("LDG.E.128") || line.contains("LDGSTS") && line.contains(".128")) now.loads++;
            if (line.contains("STG.E.128")) now.stores++;
            if (line.matches(".*\\s(LDL|STL)[. ].*")) now.local++;
        }
        return counts;
    }

    private static String disassembler() throws Exception {
        String libraries = System.getProperty("faithdiff.cuda.libraries"), home = System.getenv("CUDA_HOME");
        Stream<Path> folders = Stream.of((libraries == null ? "" : libraries).split(File.pathSeparator)).map(f -> Path.of(f, TRITON));
        if (home != null) folders = Stream.concat(Stream.of(Path.of(home, "bin")), folders);
        for (String program : Stream.concat(Stream.of("nvdisasm"), folders.map(f -> f.resolve("nvdisasm").toString())).toList()) {
            if (said(program, "--version") != null) return program;
        }
        return null;
    }

    /** A program's output, or null if it does not run or fails. */
    private static String said(String... command) throws InterruptedException {
        try {
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return p.waitFor() == 0 ? said : null;
        } catch (IOException e) {
            return null;
        }
    }
}
