package dev.faithdiff.kernels.cpu.emit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Native;
import dev.faithdiff.kernels.cpu.gemm.Gemm;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CpuFeatureTest {
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    @Test void findsWhatTheSystemFinds() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/cpuinfo")).stream().filter(l -> l.startsWith("flags")).findFirst().orElseThrow();
        Set<String> flags = Set.of(line.substring(line.indexOf(':') + 2).split(" +"));
        check(CpuFeature.AVX2, flags, "avx2", "fma", "f16c");
        check(CpuFeature.AVX512, flags, "avx512f", "avx512bw", "avx512dq", "avx512vl");
        check(CpuFeature.AVX512_BF16, flags, "avx512_bf16");
        check(CpuFeature.AVX512_VNNI, flags, "avx512_vnni");
        check(CpuFeature.AVX_VNNI, flags, "avx_vnni");
        check(CpuFeature.AMX_BF16, flags, "amx_bf16");
        check(CpuFeature.AMX_INT8, flags, "amx_int8");
    }

    private static void check(CpuFeature feature, Set<String> flags, String... names) {
        assertThat(feature.isHere()).as(feature.name()).isEqualTo(flags.containsAll(List.of(names)));
    }

    /** One product in JVMs with and without emitted code: the same bits, one line about it, and a log of what was written. */
    @Tag("process")
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    @Test void withoutEmittedCodeResultsAreTheSame(@TempDir Path log) throws Exception {
        List<String> off = run("-Dfaithdiff.emit=off", "-Dfaithdiff.emit.log=" + log.resolve("off")),
                on = run("-Dfaithdiff.emit.log=" + log.resolve("on"));
        assertThat(off.getFirst()).isEqualTo("no emitted code: switched off by faithdiff.emit=off");
        assertThat(off.getLast()).isEqualTo(on.getLast());
        assertThat(log.resolve("off")).doesNotExist();
        assertThat(log.resolve("on").resolve("xgetbv.bin"))
                .hasBinaryContent(new byte[] {0x48, (byte) 0xc7, (byte) 0xc1, 0, 0, 0, 0, 0x0f, 1, (byte) 0xd0, (byte) 0xc3});
    }

    private static List<String> run(String... flags) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules",
                "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), CpuFeatureTest.class.getName()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        assertThat(process.waitFor()).isZero();
        return lines;
    }

    /** Prints the line about emitted code, and a product's hash. */
    public static void main(String[] args) {
        Random random = new Random(1);
        Matrix a = Native.random(random, DType.F32, 77, 701, 701), w = Native.random(random, DType.F32, 133, 701, 701);
        Matrix c = Native.filled(DType.F32, 77, 133, 133);
        Gemm.multiply(a, w, true, null, c, false);
        System.out.println(CpuFeature.line());
        System.out.println(Arrays.hashCode(Native.toArray(c)));
    }
}
