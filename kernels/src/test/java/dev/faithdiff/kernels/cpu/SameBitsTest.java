package dev.faithdiff.kernels.cpu;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The CPU gives the same bits for any number of threads, any width of vectors, any tuned sizes, and with and without emitted code: in all cases of
 * the ops of inference in F32, and of linear layers in bytes, each in a process of its own. Gradients are not among them.
 */
@Tag("process") @Tag("full")
class SameBitsTest {
    @TempDir Path dir;

    @Test void doNotDependOnThreadsWidthOrMachineCode() throws Exception {
        List<String> first = null;
        for (int bits : new int[] {256, 128, 512}) {
            for (int threads : new int[] {1, 2, 4}) {
                List<String> digests = run("-Dfaithdiff.vector.bits=" + bits, "-Dfaithdiff.threads=" + threads);
                if (first == null) first = digests;
                assertThat(digests).as(bits + " bits, " + threads + " threads").isEqualTo(first);
            }
        }
        for (int bits : new int[] {256, 512}) {
            for (boolean most : new boolean[] {false, true}) {
                assertThat(run("-Dfaithdiff.vector.bits=" + bits, "-Dfaithdiff.tuned=" + tuned(most))).as("tuned, " + bits + " bits")
                        .isEqualTo(first);
            }
        }
        assertThat(run("-Dfaithdiff.vector.bits=256", "-Dfaithdiff.emit=off")).as("the Vector API").isEqualTo(first).hasSizeGreaterThan(100);
    }

    /** A file of the largest or smallest sizes that are tried. */
    private Path tuned(boolean most) throws IOException {
        Map<Tuning, Integer> percents = new EnumMap<>(Tuning.class);
        for (Tuning size : Tuning.values()) percents.put(size, most ? Collections.max(size.tried) : Collections.min(size.tried));
        return Files.writeString(dir.resolve("tuned" + most), Tuning.text(percents));
    }

    /** The digests of all cases, by a process with these properties. */
    private static List<String> run(String... properties) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(properties));
        command.add(SameBitsTest.class.getName());
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> lines = process.inputReader().readAllLines();
        assertThat(process.waitFor()).as(String.join(" ", properties)).isZero();
        return lines;
    }

    /** Prints the digest of each case's result. */
    public static void main(String[] args) {
        List<Case> cases = Cases.all().stream().filter(c -> !c.model() && !c.op().name().contains("Grad") && !c.op().name().contains("AdamW"))
                .filter(c -> c.op() instanceof GroupedLinearOp // whose scales are F16
                        || Stream.of(c.outline()).noneMatch(t -> t.dtype() == DType.BF16 || t.dtype() == DType.F16)).toList();
        System.out.println(cases.stream().map(c -> c.name() + " " + digest(c, null)).collect(joining("\n")));
        List<Case> linear = cases.stream().filter(c -> c.op().name().contains("Linear")).toList();
        System.out.println(linear.stream().map(c -> c.name() + " in bytes " + digest(c, DType.I8)).collect(joining("\n")));
    }

    private static String digest(Case c, DType rounding) {
        try (Scope _ = Scope.open()) {
            Tensor out = Engine.exactly(() -> Engine.rounding(rounding, () -> Engine.run(c.op(), c.draw(Device.CPU))));
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(out.segment().asByteBuffer());
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
