package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The kernel laboratory and the profile at the command line. */
@Tag("full")
class KernelsCommandTest {
    @TempDir Path dir;

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    @Test void listsKernelsBestFirst() {
        CommandLineRun all = run("kernels", "list"), one = run("kernels", "list", "binary");
        assertThat(all.out()).contains("LinearPacked", "AttentionOp.Grad");
        assertThat(one.out()).containsSubsequence("BinaryVector", "BinaryStrided", "GFLOP").doesNotContain("LinearOp");
        assertThat(one.code()).isZero();
    }

    @Test void checksAndTimesAnOp() {
        CommandLineRun check = run("kernels", "check", "AffineOp", "--device", "cpu"),
                bench = run("kernels", "bench", "affine", "--shape", "64x64", "--millis", "5");
        assertThat(check.out()).contains("AffineVector", "passes").doesNotContain("FAILS");
        assertThat(check.code()).isZero();
        CommandLineRun types = run("kernels", "check", "AffineOp", "--device", "cpu", "--types"),
                model = run("kernels", "check", "AffineOp", "--device", "cpu", "--model");
        assertThat(types.out()).containsPattern("AffineVector +\\| F32 ").containsPattern("AffineVector +\\| BF16 ");
        assertThat(model.out()).contains("AffineOp/latent", "passes");
        assertThat(model.code()).isZero();
        if (Backend.of("cuda").unavailable() != null) {
            assertThat(run("kernels", "check", "AffineOp", "--device", "cuda").err()).startsWith("faithdiff: device 'cuda' is not available: ");
        }
        assertThat(run("kernels", "check", "AffineOp", "--device", "tpu").err()).contains("there is no device 'tpu'");
        assertThat(bench.out()).contains("AffineOp/[64,64]", "AffineVector", "The limit: ");
        assertThat(bench.code()).isZero();
    }

    @Test void fusedOpsHaveTheirComposition() {
        CommandLineRun list = run("kernels", "list", "LinearAdd", "--device", "cpu"),
                check = run("kernels", "check", "LinearGeglu", "--device", "cpu");
        assertThat(list.out()).containsPattern("LinearAddOp +\\| cpu +\\| composition ").contains("LinearAddOp/unet-640");
        assertThat(check.out()).containsPattern("composition +\\| all ").contains("passes").doesNotContain("FAILS");
        CommandLineRun bench = run("kernels", "bench", "SelfAttention", "--shape", "1x64x40,40x40,40x40,40x40", "--millis", "5");
        assertThat(bench.out()).as(bench.err()).contains("composition", "The limit: ");
    }

    @Test void refusesWrongNames() {
        for (Object[] args : new Object[][] {{"kernels", "check", "Affin"}, {"kernels", "bench"}, {"kernels", "bench", "affine", "no-such-case"},
                {"kernels", "bench", "affine", "--shape", "6y4"}, {"restore", "in.png", "-o", "out.png", "--kernel", "Affin=AffineVector"}}) {
            CommandLineRun r = run(args);
            assertThat(r.code()).as(Arrays.toString(args) + " " + r.err()).isEqualTo(2);
        }
        assertThat(run("restore", "in.png", "-o", "out.png", "--kernel", "affine=Fast").err())
                .contains("there is no kernel 'Fast' for AffineOp on cpu; there are [AffineEmitted, AffineVector, reference]");
    }

    private Path photo() {
        Path file = dir.resolve("photo.png");
        byte[] rgb = new byte[3 * 16 * 16];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (i * i);
        ImageFiles.write(Image.of(16, 16, rgb), file);
        return file;
    }

    @Test void profilesARestorationOnAChosenKernel() throws IOException {
        Path trace = dir.resolve("trace.json");
        CommandLineRun r = run("restore", photo(), "-o", dir.resolve("out.png"), "--scale", "1", "--steps", "1", "-q", "--profile", trace, "--kernel",
                "AffineOp=reference");
        assertThat(r.code()).as(r.err()).isZero();
        assertThat(r.out()).contains("Conv2dOp", "Ops took ").containsPattern("AffineOp +\\| reference ")
                .containsPattern("blocks?\\.\\d+\\.(resnets|attentions)\\.\\d");
        assertThat(Engine.kernels("cpu", AffineOp.class)).as("after the command").isNotEmpty();
        Set<String> kinds = new TreeSet<>();
        for (var e : JsonParser.parseString(Files.readString(trace)).getAsJsonObject().getAsJsonArray("traceEvents")) {
            JsonObject event = e.getAsJsonObject();
            kinds.add(event.get("cat").getAsString());
            if (event.get("ph").getAsString().equals("M")) continue; // a name, which has no time
            assertThat(event.get("ts").getAsDouble()).isNotNegative();
            if (event.get("ph").getAsString().equals("X")) assertThat(event.get("dur").getAsDouble()).isNotNegative();
        }
        assertThat(kinds).containsExactly("__metadata", "memory", "module", "op", "stage");
    }

    @Test @DisabledOnOs(OS.WINDOWS) void aTraceIsWrittenThroughALink() throws IOException {
        Path real = dir.resolve("real.json"), link = Files.createSymbolicLink(dir.resolve("link.json"), real);
        assertThat(run("restore", photo(), "-o", dir.resolve("out.png"), "--steps", 2, "--start", "lr", "--profile", link).code()).isZero();
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(JsonParser.parseString(Files.readString(real)).getAsJsonObject().has("traceEvents")).isTrue();
    }

    @Test void leavesNoTraceOfAFailure() throws IOException {
        Path nowhere = dir.resolve("no/such/trace.json"), trace = dir.resolve("trace.json"), photo = photo();
        assertThat(run("restore", photo, "-o", dir.resolve("out.png"), "--profile", nowhere).err()).startsWith("faithdiff: cannot write " + nowhere);
        assertThat(run("restore", photo, "-o", dir.resolve("out.png"), "--profile", trace, "--model", dir).code()).isEqualTo(1);
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files).containsExactly(photo);
        }
    }

    @Test void modulesAreBlocks() {
        assertThat(Profile.module("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight")).isEqualTo("down_blocks.1.attentions.0");
        assertThat(Profile.module("mid_block.resnets.1.conv1.bias")).isEqualTo("mid_block.resnets.1");
        assertThat(Profile.module("mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight")).isEqualTo("mid_block.attentions.0");
        assertThat(Profile.module("information_transformer_layes.1.attn.in_proj_weight")).isEqualTo("information_transformer_layes.1");
        assertThat(Profile.module("body.11.rdb2.conv3.weight")).isEqualTo("body.11");
        assertThat(Profile.module("conv_in.weight")).isEqualTo("conv_in");
    }
}
