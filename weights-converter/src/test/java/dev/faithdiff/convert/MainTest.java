package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line: exit codes and what it says. */
class MainTest {
    private static final Path TINY = TorchFileTest.TINY;

    @TempDir Path folder;

    private record Result(int code, String out, String err) { }

    private static Result run(Object... args) {
        PrintStream out = System.out, err = System.err;
        ByteArrayOutputStream o = new ByteArrayOutputStream(), e = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(o, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(e, true, StandardCharsets.UTF_8));
            String[] words = new String[args.length];
            for (int i = 0; i < args.length; i++) words[i] = args[i].toString();
            int code = Main.run(words);
            return new Result(code, o.toString(StandardCharsets.UTF_8), e.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void convertsAndReports() {
        Result r = run(TINY, "-o", folder.resolve("m"));
        assertThat(r.err).isEmpty();
        assertThat(r.code).isZero();
        assertThat(r.out).contains("unet: 752 tensors").contains("F16").contains("vae: ").contains("text_encoder_2: ")
                .endsWith("wrote " + folder.resolve("m") + System.lineSeparator());
    }

    @Test
    void flagsReplaceTheSearch() {
        Result r = run("--sdxl", TINY.resolve("sdxl"), "--vae", TINY.resolve("vae-fp16-fix"), "--faithdiff", TINY.resolve("FaithDiff.bin"),
                "-o", folder.resolve("m"), "--dtype", "BF16");
        assertThat(r.err).isEmpty();
        assertThat(r.out).contains("BF16");
        assertThat(run("-o", folder.resolve("n")).err.strip()).isEqualTo("no SOURCE folder given: say --sdxl");
    }

    @Test
    void failuresAreOneLineUnlessVerbose() throws Exception {
        Result r = run(folder.resolve("nowhere"), "-o", folder.resolve("m"));
        assertThat(r.code).isEqualTo(1);
        assertThat(r.err.strip()).isEqualTo(folder.resolve("nowhere") + ": is not a folder");
        assertThat(run(folder.resolve("nowhere"), "-o", folder.resolve("m"), "--verbose").err).contains("\tat dev.faithdiff.convert.");
        Files.writeString(folder.resolve("hostile.bin"), "cos\nsystem\n");
        assertThat(run(TINY, "--faithdiff", folder.resolve("hostile.bin"), "-o", folder.resolve("m")).err.lines()).hasSize(1);
    }

    @Test
    void wrongUsageIsTwo() {
        assertThat(run(TINY).code).isEqualTo(2);
        assertThat(run(TINY, "-o", folder.resolve("m"), "--dtype", "f12").code).isEqualTo(2);
        assertThat(run("--help").code).isZero();
        assertThat(run("--help").out).contains("faithdiff convert").contains("--dtype");
        assertThat(run("--version").out).contains("faithdiff");
    }

    @Test
    void halfPrecisionThatOverflowsIsRefused() {
        MemorySegment value = MemorySegment.ofArray(new byte[] {0, 0x24, 0x74, 0x49}); // 1e6f
        Source large = Source.of("w", DType.F32, Shape.of(1), () -> value);
        assertThatThrownBy(() -> TorchFileTest.bytes(Cast.to(DType.F16, large))).isInstanceOf(ConvertError.class)
                .hasMessageContaining("w has the value 1000000.0, too large for F16");
    }
}
