package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.host.Version;
import dev.faithdiff.tensor.io.Source;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line: exit codes and what it says. */
@Tag("full")
class MainTest {
    private static final Path TINY = TinyCheckpoint.PATH;

    @TempDir Path folder;

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    @Test
    void convertsAndReports() {
        CommandLineRun r = run("convert", TINY, "-o", folder.resolve("m"));
        assertThat(r.err()).isEmpty();
        assertThat(r.code()).isZero();
        assertThat(r.out()).contains("unet: 752 tensors").contains("F16").contains("vae: ").contains("text_encoder_2: ")
                .endsWith("wrote " + folder.resolve("m") + System.lineSeparator());
    }

    @Test
    void flagsReplaceTheSearch() {
        CommandLineRun r = run("convert", "--sdxl", TINY.resolve("sdxl"), "--vae", TINY.resolve("vae-fp16-fix"), "--faithdiff",
                TINY.resolve("FaithDiff.bin"), "-o", folder.resolve("m"), "--dtype", "BF16");
        assertThat(r.err()).isEmpty();
        assertThat(r.out()).contains("BF16");
        assertThat(run("convert", "-o", folder.resolve("n")).err().strip())
                .isEqualTo("faithdiff: no SOURCE folder is given; name the folder with unet/config.json by --sdxl");
    }

    @Test
    void failuresAreOneLineUnlessVerbose() throws Exception {
        CommandLineRun r = run("convert", folder.resolve("nowhere"), "-o", folder.resolve("m"));
        assertThat(r.code()).isEqualTo(1);
        assertThat(r.err().strip()).isEqualTo("faithdiff: " + folder.resolve("nowhere") + ": is not a folder");
        assertThat(run("inspect", "@nowhere").err().strip()).startsWith("faithdiff: @nowhere: ");
        assertThat(run("inspect", "").err()).startsWith("faithdiff: Invalid value for positional parameter at index 0 (FILE): the name is empty\n");
        assertThat(run("inspect", TINY, "--shrt").err()).startsWith("faithdiff: Unknown option: '--shrt'");
        assertThat(run("convert", folder.resolve("nowhere"), "-o", folder.resolve("m"), "--verbose").err()).contains("\tat dev.faithdiff.convert.");
        Files.writeString(folder.resolve("hostile.bin"), "cos\nsystem\n");
        assertThat(run("convert", TINY, "--faithdiff", folder.resolve("hostile.bin"), "-o", folder.resolve("m")).err().lines()).hasSize(1);
    }

    @Test
    void wrongUsageIsTwo() {
        assertThat(run("convert", TINY).code()).isEqualTo(2);
        assertThat(run("convert", TINY, "-o", folder.resolve("m"), "--dtype", "f12").code()).isEqualTo(2);
        assertThat(run("convert", "--help").code()).isZero();
        assertThat(run("convert", "--help").out()).contains("faithdiff convert").contains("--dtype");
    }

    @Test
    void everyCommandSaysTheVersionOfTheBuild() {
        assertThat(run("--version").out().strip()).isEqualTo(Version.PROGRAM).matches("faithdiff \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
        assertThat(run("convert", "--version").out().strip()).isEqualTo(Version.PROGRAM);
    }
}
