package dev.faithdiff.convert.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** inspect, verify, synth and diff. */
@Tag("full")
class CommandsTest {
    private static final Path TINY = TinyCheckpoint.PATH, MINI = Path.of(System.getProperty("faithdiff.home"), "models/faithdiff-mini");

    @TempDir Path folder;

    @Test
    void inspectNamesFormatArchitectureAndTensors() {
        assertThat(CommandLineRun.of(Main::run, "inspect", TINY.resolve("FaithDiff.bin")).out()).contains("torch.save, zip")
                .contains("architecture: FaithDiff: an SDXL U-Net with the added modules").contains("752 tensors")
                .contains("conv_in.weight F16[16, 4, 3, 3] 1152 bytes");
        assertThat(CommandLineRun.of(Main::run, "inspect", TINY.resolve("loader-variants/faithdiff_extra_legacy.bin"), "--short").out())
                .contains("torch.save, legacy").contains("without a U-Net").doesNotContain("bytes");
        assertThat(CommandLineRun.of(Main::run, "inspect", TINY.resolve("sdxl-single-file.safetensors")).out()).contains("SDXL in a single file");
        assertThat(CommandLineRun.of(Main::run, "inspect", TINY.resolve("sdxl/unet")).out()).contains("an SDXL U-Net (diffusers)");
        assertThat(CommandLineRun.of(Main::run, "inspect", TINY.resolve("loader-variants/vae-sharded"), "--short").out()).contains("106 tensors");
        assertThat(CommandLineRun.of(Main::run, "inspect", Fixtures.path("dtypes/same_tensor.safetensors")).out()).contains("metadata ")
                .contains("F8_E4M3")
                .contains("of no known architecture");
        CommandLineRun none = CommandLineRun.of(Main::run, "inspect", folder.resolve("none"));
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err().lines()).hasSize(1);
    }

    @Test
    void bundledModelIsWhole() {
        CommandLineRun run = CommandLineRun.of(Main::run, "verify", MINI);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("  unet/model.safetensors").endsWith("is complete" + System.lineSeparator());
    }

    @Test
    void verifyNamesAllThatIsWrong() throws IOException {
        Path model = folder.resolve("m");
        assertThat(CommandLineRun.of(Main::run, "synth", "--arch", "mini", "-o", model).code()).isZero();
        Path unet = model.resolve("unet/model.safetensors"), changed = folder.resolve("changed.safetensors");
        try (SafeTensors file = SafeTensors.open(unet)) {
            List<Source> tensors = new ArrayList<>();
            for (SafeTensors.Entry e : file.entries().values()) {
                byte[] infinite = new byte[(int) e.shape().count() * 2];
                infinite[3] = 0x7c;
                if (e.name().equals("conv_in.bias")) tensors.add(Source.of(e.name(), DType.F16, e.shape(), () -> MemorySegment.ofArray(infinite)));
                else if (e.name().equals("conv_out.bias")) tensors.add(Views.renamed(e, "conv_out.bios"));
                else tensors.add(e);
            }
            SafeTensors.write(changed, tensors, Map.of());
        }
        Files.move(changed, unet, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.delete(model.resolve("scheduler/scheduler_config.json"));
        CommandLineRun run = CommandLineRun.of(Main::run, "verify", model);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("5 problems").contains("unet: conv_out.bias is missing")
                .contains("unet: conv_out.bios is not part of the model")
                .contains("unet: conv_in.bias has 1 values that are infinite or NaN").contains("unet/model.safetensors has another SHA-256")
                .contains("file scheduler/scheduler_config.json is missing");
    }

    @Test
    void makesNetworksOfMeasuresInReleasedSizes() {
        for (String kind : List.of("lpips-vgg", "lpips-alex", "dists")) {
            CommandLineRun made = CommandLineRun.of(Main::run, "synth", "--metric", kind, "-o", folder.resolve(kind));
            assertThat(made.code()).as(made.err()).isZero();
            assertThat(CommandLineRun.of(Main::run, "verify", folder.resolve(kind)).code()).isZero();
        }
        assertThat(CommandLineRun.of(Main::run, "inspect", folder.resolve("lpips-vgg")).out()).contains(" 14716160 values"); // 14,714,688 and 1,472
        CommandLineRun.of(Main::run, "synth", "--metric", "musiq", "-o", folder.resolve("m"))
        .assertFailed(1, "dists, lpips-alex, lpips-vgg, not musiq");
        CommandLineRun.of(Main::run, "synth", "-o", folder.resolve("m")).assertFailed(2, "--arch");
    }

    @Test
    void sameSeedGivesTheSameModel() throws IOException {
        for (String m : List.of("a", "b")) CommandLineRun.of(Main::run, "synth", "--arch", "mini", "-o", folder.resolve(m), "--seed", "7");
        CommandLineRun.of(Main::run, "synth", "--arch", "mini", "-o", folder.resolve("c"), "--seed", "8");
        assertThat(folder.resolve("a/SHA256SUMS")).hasSameBinaryContentAs(folder.resolve("b/SHA256SUMS"));
        assertThat(CommandLineRun.of(Main::run, "diff", folder.resolve("a"), folder.resolve("b")).out())
                .startsWith("548 tensors are equal, 0 differ");
        CommandLineRun other = CommandLineRun.of(Main::run, "diff", folder.resolve("a"), folder.resolve("c"));
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.out()).contains("unet/conv_in.weight: max ").doesNotContain(": only in");
    }
}
