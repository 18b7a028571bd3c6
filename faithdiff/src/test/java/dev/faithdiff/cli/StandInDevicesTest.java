package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.TinyModel;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.kernels.cuda.StandIn;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command line makes of a GPU that works, or does not, or stops: driver and libraries are stand-ins, no GPU is needed. */
@Tag("native")
@Tag("process")
class StandInDevicesTest {
    @TempDir private static Path folder;
    private static StandIn standIn;
    private static Path photo, out;

    @BeforeAll static void build() throws Exception {
        standIn = new StandIn(folder);
        StandIn.requireCompiler();
        photo = folder.resolve("photo.png");
        out = folder.resolve("out.png");
        byte[] rgb = new byte[16 * 8 * 3];
        new Random(5).nextBytes(rgb);
        ImageFiles.write(Image.of(16, 8, rgb), photo);
    }

    private static StandIn.Ran run(Map<String, String> environment, String... arguments) throws Exception {
        Files.deleteIfExists(out);
        Map<String, String> all = new HashMap<>(environment);
        all.put("CUDA_STANDIN_NEAR", "1");
        Path cache = folder.resolve(environment.containsKey("CUDA_STANDIN_UNCOMPILED") ? "empty" : "cache");
        return standIn.runAny(Main.class, List.of("-Dfaithdiff.cuda.cache=" + cache), all, arguments);
    }

    private static StandIn.Ran restore(Map<String, String> environment, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("restore", photo.toString(), "-o", out.toString(), "--model", TinyModel.folder().toString(),
                "--scale", "1", "--steps", "2", "--dtype", "f32"));
        arguments.addAll(List.of(more));
        return run(environment, arguments.toArray(String[]::new));
    }

    private static List<String> said(StandIn.Ran ran) { return ran.output().lines().filter(l -> l.startsWith("faithdiff: ")).toList(); }

    private static void fallsBack(Map<String, String> environment, String reason) throws Exception {
        StandIn.Ran ran = restore(environment, "--verbose");
        assertThat(ran.code()).as(ran.output()).isZero();
        assertThat(out).exists();
        assertThat(said(ran)).singleElement().asString().startsWith("faithdiff: computes on the CPU, not on a GPU: ").contains(reason);
        assertThat(ran.output()).contains("s on cpu, ", "; auto: ", reason);
    }

    private static void fails(StandIn.Ran ran, String... says) {
        assertThat(ran.code()).as(ran.output()).isOne();
        assertThat(out).doesNotExist();
        assertThat(said(ran)).singleElement().asString().contains(says);
        assertThat(ran.output()).doesNotContain("\tat ");
    }

    @Test void autoTakesAGpuWhoseKernelsWork() throws Exception {
        StandIn.Ran auto = restore(Map.of(), "--verbose");
        assertThat(auto.code()).as(auto.output()).isZero();
        assertThat(said(auto)).singleElement().asString().startsWith("faithdiff: computes on cuda:0: stand-in, no GPU, compute capability 9.0, ");
        assertThat(auto.output()).contains("s on cuda:0, ", "; auto: a GPU is here");
        assertThat(auto.calls()).anyMatch(c -> c.startsWith("launch"));
        Image onGpu = ImageFiles.read(out);
        StandIn.Ran cpu = restore(Map.of(), "--device", "cpu");
        assertThat(cpu.output()).contains("s on cpu, ").doesNotContain("auto");
        assertThat(cpu.calls()).as("the escape touches no driver").isEmpty();
        assertThat(new Psnr(Channels.RGB).of(onGpu, ImageFiles.read(out))).isGreaterThan(50);
        fails(restore(Map.of("CUDA_STANDIN_FAILS", "400"), "-q"), "failed with code 700", "; --device cpu computes without the GPU");
        fails(restore(Map.of("CUDA_STANDIN_MEGABYTES", "20"), "--device", "cuda"), "out of memory on cuda:0", "--offload blocks", "--device cpu");
    }

    @Test void autoFallsBackToTheCpu() throws Exception {
        fallsBack(Map.of("CUDA_STANDIN_CUDNN", "13000"), "cuDNN is for CUDA 13, cuBLAS for CUDA 12: they must fit");
        fallsBack(Map.of("CUDA_STANDIN_UNCOMPILED", "1"), "error: this one never compiles");
        fallsBack(Map.of("CUDA_STANDIN_FAILS", "3"), "failed with code 700");
        fallsBack(Map.of("CUDA_STANDIN_MEGABYTES", "20"), "out of memory on cuda:0");
        fails(restore(Map.of("CUDA_STANDIN_CUDNN", "13000"), "--device", "cuda"), "device 'cuda' is not available: cuDNN is for CUDA 13");
    }

    @Test void devicesSaysWhatWasFound() throws Exception {
        StandIn.Ran ran = run(Map.of(), "devices");
        assertThat(ran.output()).contains("cuda:0: stand-in, no GPU, compute capability 9.0, 256 MB of memory; driver for CUDA 13.0, cuBLAS 12.6.0 ("
                + folder);
    }

    /** With CUDA 12 and 13 side by side; JCuda's natives are made to fit the one that is taken. */
    @Test void theCudaOfCudnnIsTaken() throws Exception {
        Path both = Files.createDirectory(folder.resolve("both"));
        StandIn two = new StandIn(both);
        two.addCuda(13);
        StandIn.Ran twelve = two.runAny(Main.class, List.of(), Map.of(), "devices");
        assertThat(twelve.output()).contains("cuBLAS 12.6.0 (" + both, "NVRTC 12.6 (" + both);
        StandIn.Ran ran = two.runAny(Main.class, List.of("-Dfaithdiff.cuda.cache=" + both.resolve("cache")),
                Map.of("CUDA_STANDIN_NEAR", "1", "CUDA_STANDIN_CUDNN", "13000"), "restore", photo.toString(), "-o", out.toString(), "--model",
                TinyModel.folder().toString(), "--scale", "1", "--steps", "2", "--dtype", "f32", "--overwrite");
        assertThat(ran.code()).as(ran.output()).isZero();
        assertThat(ran.output()).contains("cuBLAS 13.6.0 (" + both, "NVRTC 13.6 (" + both, "s on cuda:0, ");
    }
}
