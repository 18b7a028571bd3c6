package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.host.Version;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line: what works leaves a file, what does not leaves one line, an exit code and nothing else. */
@Tag("full")
class CliTest {
    static final Path MODEL = Path.of(System.getProperty("faithdiff.model"));

    @TempDir Path dir;

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    private Path photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        Path file = dir.resolve("photo-" + width + "x" + height + ".png");
        ImageFiles.write(Image.of(width, height, rgb), file);
        return file;
    }

    private void fails(int code, String says, Object... args) throws IOException {
        List<Path> before = files();
        run(args).assertFailed(code, says);
        assertThat(files()).as("files after a failure").isEqualTo(before);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(dir)) {
            return all.sorted().toList();
        }
    }

    @Test void saysItsVersion() {
        assertThat(run("--version").out().strip()).isEqualTo(Version.PROGRAM);
        assertThat(run("restore", "--version").out().strip()).isEqualTo(Version.PROGRAM);
    }

    @Test void restores() {
        Path out = dir.resolve("out.png"), again = dir.resolve("again.png");
        assertThat(run("restore", photo(24, 16), "-o", out, "--steps", 2, "--scale", 2).err()).contains("48x32");
        Image restored = ImageFiles.read(out);
        assertThat(List.of(restored.width(), restored.height())).isEqualTo(List.of(48, 32));
        assertThat(run("restore", photo(24, 16), "-o", again, "--steps", 2, "--scale", 2, "--quiet")).isEqualTo(CommandLineRun.SILENT);
        assertThat(again).hasSameBinaryContentAs(out);
    }

    @Test void restoresTheSmallestAndTheFlattest() {
        for (int[] size : new int[][] {{1, 1}, {3000, 1}, {1, 300}}) {
            Path out = dir.resolve("flat.png");
            assertThat(run("restore", photo(size[0], size[1]), "-o", out, "--steps", 1, "--scale", 1, "-q", "--overwrite"))
                    .isEqualTo(CommandLineRun.SILENT);
            assertThat(ImageFiles.read(out).width()).isEqualTo(size[0]);
        }
    }

    @Test void refusesWhatIsNoPhoto() throws IOException {
        Path out = dir.resolve("out.png"), empty = Files.createFile(dir.resolve("empty.png"));
        byte[] whole = Files.readAllBytes(photo(40, 40));
        Path cut = Files.write(dir.resolve("cut.png"), Arrays.copyOf(whole, whole.length / 2));
        Path jpeg = dir.resolve("photo.jpg");
        ImageFiles.write(ImageFiles.read(photo(40, 40)), jpeg);
        byte[] bytes = Files.readAllBytes(jpeg);
        Path cutJpeg = Files.write(dir.resolve("cut.jpg"), Arrays.copyOf(bytes, bytes.length / 2));
        fails(1, "nothing.png does not exist", "restore", dir.resolve("nothing.png"), "-o", out);
        fails(2, "folder", "restore", dir, "-o", out);
        fails(1, "empty.png is empty", "restore", empty, "-o", out);
        fails(1, "cut.png", "restore", cut, "-o", out, "--strict");
        fails(1, "cut.jpg", "restore", cutJpeg, "-o", out, "--strict");
        CommandLineRun asFar = run("restore", cut, "-o", out, "--steps", 1, "--scale", 1);
        assertThat(asFar.code()).isZero();
        assertThat(asFar.err()).startsWith("faithdiff: ").contains("read as far as it goes");
    }

    /** Without an output the result lies beside the photo; a photo alone is restored. No result is replaced unasked, and the input never. */
    @Test void restoresBesideThePhoto() throws IOException {
        Path in = photo(12, 8), out = dir.resolve("photo-12x8-restored.png");
        Object[] quick = {"--steps", 1, "--scale", 1};
        assertThat(run(Stream.concat(Stream.of(in), Stream.of(quick)).toArray()).err()).contains(out + ": 12x8");
        byte[] first = Files.readAllBytes(out);
        fails(2, out + " exists already; --overwrite replaces it", "restore", in, "--steps", 1, "--seed", 7);
        assertThat(Files.readAllBytes(out)).isEqualTo(first);
        assertThat(run("restore", in, "--steps", 1, "--scale", 1, "--seed", 7, "--start", "lr", "--force", "-q")).isEqualTo(CommandLineRun.SILENT);
        assertThat(Files.readAllBytes(out)).isNotEqualTo(first);
        fails(2, "would replace the photo that is to be read", "restore", in, "-o", in, "--overwrite");
    }

    /** A name is a name, whatever it begins with or holds; of an option given twice the last value counts. */
    @Test void argumentsAreTakenAsTheyAre() throws IOException {
        Path in = photo(12, 8), odd = dir.resolve("@[1] {a}*%s-.png"), out = dir.resolve("out.png");
        Files.copy(in, odd);
        Files.writeString(dir.resolve("[1] {a}*%s-.png"), "--steps 0");
        assertThat(run("restore", odd, "-o", out, "--steps", 3, "--scale", 2, "--steps", 1, "--scale", 1, "-q")).isEqualTo(CommandLineRun.SILENT);
        assertThat(ImageFiles.read(out).width()).isEqualTo(12);
        assertThat(run("@nothing").err()).contains("there is no command or file '@nothing'");
    }

    @Test void writesTheFormatThatIsAskedFor() throws IOException {
        Path in = photo(120, 80), good = dir.resolve("photo-120x80-restored.jpg"), bad = dir.resolve("bad.jpg");
        assertThat(run("restore", in, "--steps", 1, "--scale", 1, "--format", "jpeg", "-q").code()).isZero();
        assertThat(run("restore", in, "--steps", 1, "--scale", 1, "-o", bad, "--jpeg-quality", 10, "-q").code()).isZero();
        assertThat(Files.size(bad)).isLessThan(Files.size(good) * 2 / 3);
    }

    @Test void optionsMayComeFromAFile() throws IOException {
        Path in = photo(12, 8), out = dir.resolve("out.png"), config = dir.resolve("my.conf"), log = dir.resolve("a = b # c");
        Files.writeString(config, "# quick\nsteps = 1\nscale=2\n\n  quiet = true\nlog = " + log + "\n");
        assertThat(run("restore", "--scale", 1, in, "-o", out, "--config", config)).isEqualTo(CommandLineRun.SILENT);
        assertThat(ImageFiles.read(out).width()).as("the command line comes first").isEqualTo(12);
        assertThat(log).exists();
        assertThat(run("restore", "--long-side", 24, "--force", in, "-o", out, "--config", config)).as("one size takes the other's place")
                .isEqualTo(CommandLineRun.SILENT);
        Files.writeString(config, "stepz = 1");
        fails(2, config + ": there is no option 'stepz'; did you mean 'steps'?", "restore", in, "-o", out, "--config", config);
        Files.writeString(config, "fast");
        fails(2, "is no line of the form name = value", "restore", in, "-o", out, "--config=" + config);
        Files.writeString(config, "steps = many");
        fails(2, "steps must be 1..1000", "restore", in, "-o", out, "--config", config);
        fails(2, "cannot read " + dir.resolve("none") + ": there is no such file", "restore", in, "-o", out, "--config", dir.resolve("none"));
        Files.write(config, "prompt = caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        fails(2, "cannot read " + config + ": it is not UTF-8", "restore", in, "-o", out, "--config", config);
        Files.writeString(config, "\uFEFFsteps = many");
        fails(2, "steps must be 1..1000", "restore", in, "-o", out, "--config", config);
    }

    @Test void takesTheNamesOfEarlierVersions() {
        assertThat(FormerNames.replaced(new String[] {"restore", "a.png", "--sampler", "euler-karras", "--steps", "3", "--sampler=unipc-karras"}))
                .containsExactly("restore", "a.png", "--sampler", "euler", "--sigmas=karras", "--steps", "3", "--sampler=unipc", "--sigmas=karras");
        assertThat(FormerNames.replaced(new String[] {"restore", "x-karras"})).containsExactly("restore", "x-karras");
    }

    @Test void seedsGiveAResultEach() throws IOException {
        Path in = photo(12, 8), log = dir.resolve("log");
        assertThat(run("restore", in, "-o", dir.resolve("x.png"), "--steps", 1, "--scale", 1, "--start", "lr", "--seeds", "1,2", "--log", log, "-q"))
                .isEqualTo(CommandLineRun.SILENT);
        assertThat(Files.mismatch(dir.resolve("x-seed1.png"), dir.resolve("x-seed2.png"))).isNotEqualTo(-1);
        assertThat(Files.readString(log)).contains("\"seed\":1", "\"seed\":2");
        assertThat(new String(Files.readAllBytes(dir.resolve("x-seed2.png")), StandardCharsets.ISO_8859_1)).contains("\"seed\":2");
    }

    @Test void saysWhichKernelWasNeverUsed() {
        Object[] line = {"restore", photo(12, 8), "-o", dir.resolve("out.png"), "--steps", 1, "--scale", 1, "--guard", "off"};
        CommandLineRun run = run(Stream.concat(Stream.of(line), Stream.of("--kernel", "adamw=reference", "--kernel", "linear=reference")).toArray());
        assertThat(run.err().lines().filter(l -> l.contains("never used"))).as(run.err()).singleElement().asString()
                .startsWith("faithdiff: --kernel adamw=reference");
    }

    @Test void profilesAWarmRun() throws IOException {
        Path trace = dir.resolve("trace.json");
        CommandLineRun run = run("restore", photo(12, 8), "-o", dir.resolve("out.png"), "--steps", 1, "--scale", 1, "--profile", trace, "--warmup", 1,
                "--repeat", 2);
        assertThat(run.out()).contains("Ops took");
        assertThat(Files.readString(trace).split("\"decode\"", -1)).as("decoding twice").hasSize(3);
    }

    /** The reason for the CPU is for those who ask. */
    @Test void saysWhyTheCpuOnlyWhenAsked() {
        Object[] line = {"restore", photo(12, 8), "-o", dir.resolve("out.png"), "--steps", 1, "--scale", 1, "--overwrite"};
        assertThat(run(line).err()).contains("on cpu").doesNotContain("auto:");
        assertThat(run(Stream.concat(Stream.of(line), Stream.of("--verbose")).toArray()).err()).contains("; auto: ");
        assertThat(run("devices").out()).contains("cpu: ", "cuda: ", "memory: ", "processors: ");
    }

    /** Also where the scale is the default one; and settings name only the size that was asked for. */
    @Test void oneSizeOnly() throws IOException {
        Path out = dir.resolve("out.png");
        for (String scale : new String[] {"4", "2"}) {
            fails(2, "scale, size and long-side exclude each other", "restore", photo(12, 8), "-o", out, "--scale", scale, "--size", "24x24");
        }
        assertThat(run("restore", photo(12, 8), "-o", out, "--size", "24x24", "--steps", 1, "-q").code()).isZero();
        assertThat(Files.readString(out, StandardCharsets.ISO_8859_1)).contains("\"size\":\"24x24\"").doesNotContain("\"scale\"");
        assertThat(run("restore", photo(12, 8), "-o", out, "--scale", 2, "--steps", 1, "-q", "--overwrite").code()).isZero();
        assertThat(Files.readString(out, StandardCharsets.ISO_8859_1)).contains("\"scale\":2").doesNotContain("\"size\"");
    }

    @Test void helpAndScripts() {
        String help = run("--help").out();
        assertThat(help).contains("restore ", "devices ", "degrade ", "compare ", "measure ", "quality ", "evaluate ", "study ", "kernels ",
                "train ", "convert ", "inspect ", "verify ", "diff ", "synth ", "bench ", "serve ", "lab ").doesNotContain("completion");
        assertThat(run("help").out()).isEqualTo(help);
        assertThat(help).contains("Commands for weight files");
        for (String command : List.of("restore", "devices")) assertThat(run(command, "--help").out()).doesNotContain("Commands for weight files");
        assertThat(run("help", "restore").out()).isEqualTo(run("restore", "--help").out());
        assertThat(run("completion").out()).startsWith("#!/usr/bin/env bash")
                .contains("--color-fix", "convert", "--tokenizer", "--niqe-model", "fit-niqe", "--retry");
        assertThat(run("man").out()).startsWith(".TH FAITHDIFF 1").contains("\\-\\-color\\-fix", "FAITHDIFF STUDY");
    }

    @Test void writesPreviews() throws IOException {
        Path in = photo(12, 8), out = dir.resolve("out.png"), folder = Files.createDirectory(dir.resolve("previews")),
                one = dir.resolve("preview.jpg");
        assertThat(run("restore", in, "-o", out, "--scale", 2, "--steps", 5, "--preview", folder, "--preview-every", 2, "-q").code()).isZero();
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("step-002.png", "step-004.png");
        Image preview = ImageFiles.read(folder.resolve("step-002.png"));
        assertThat(preview.width() + "x" + preview.height()).isEqualTo("24x16");
        assertThat(run("restore", in, "-o", out, "--scale", 2, "--steps", 3, "--preview", one, "--preview-every", 1, "-q", "--force").code())
                .isZero();
        assertThat(one).isRegularFile();
        Path made = dir.resolve("made");
        assertThat(run("restore", in, "-o", out, "--scale", 2, "--steps", 2, "--preview", made, "--preview-every", 1, "-q", "--overwrite").code())
                .isZero();
        assertThat(made.toFile().list()).containsExactly("step-001.png");
        fails(1, "--preview-every must be less than the 4 steps", "restore", in, "-o", out, "--steps", 4, "--preview", one, "--overwrite");
    }

    @Test void refusesWrongUsage() throws IOException {
        Path in = photo(8, 8), out = dir.resolve("out.png");
        fails(2, "Unknown option: '--frobnicate'", "restore", in, "-o", out, "--frobnicate");
        fails(2, "scale must be 0.1..16", "restore", in, "-o", out, "--scale", 17);
        fails(2, "steps must be 1..1000", "restore", in, "-o", out, "--steps", 0);
        fails(2, "--start must be noise or cond, or cleaned or noise, or lr, noise or photo, or lr or noise, not middle", "restore", in, "-o", out,
                "--start", "middle");
        fails(2, "--strength must be 0..1, not 1.5", "restore", in, "-o", out, "--strength", 1.5);
        fails(2, "fidelity must be 0..1", "restore", in, "-o", out, "--fidelity", -1);
        fails(2, "--guard", "restore", in, "-o", out, "--guard", "maybe");
        fails(2, "overlap must be above 0", "restore", in, "-o", out, "--overlap", 0);
        fails(1, "cannot be noise", "restore", in, "-o", out, "--strength", 0.5, "--start", "noise");
        fails(1, "--preview-every must be at least 1", "restore", in, "-o", out, "--preview", dir, "--preview-every", 0);
        fails(1, ".gif is not one of", "restore", in, "-o", out, "--preview", dir.resolve("preview.gif"));
        fails(2, "would replace the photo that is to be read", "restore", in, "-o", dir.resolve("./" + in.getFileName()));
        fails(2, "would replace the photo that is to be read", "restore", in, "-o", in, "--progress", "none");
        fails(2, "there is no folder " + dir.resolve("nowhere"), "restore", dir.resolve("nowhere/*.png"), "-o", dir.resolve("many"));
        fails(2, "Missing required parameter: 'IN", "restore");
        fails(2, "the name of a photo or folder is empty", "restore", "", "-o", out);
        fails(2, "'--output': the name is empty", "restore", in, "-o", "");
        fails(2, "'--model': the name is empty", "restore", in, "-o", out, "--model", "");
        fails(2, "'--jpeg-quality': 'a b'", "restore", in, "-o", out, "--jpeg-quality", "a\nb");
        fails(2, "there is no command or file 'improve'", "improve", in);
        fails(2, "did you mean 'restore'?", "restroe", in);
        fails(2, "did you mean 'convert'?", "convrt", in);
        fails(2, "is a command of the launcher", "verify", dir);
        fails(1, "nothing.jpg does not exist", dir.resolve("nothing.jpg"));
        fails(2, "--warmup and --repeat go with --profile", "restore", in, "-o", out, "--warmup", 1);
        fails(2, "--jpeg-quality must be 1..100", "restore", in, "-o", out, "--jpeg-quality", 0);
        fails(2, "not named like a file of --format jpg", "restore", in, "-o", out, "--format", "jpeg");
        fails(2, "standard output takes either the photo", "restore", in, "-o", "-", "--progress", "json");
        fails(2, "--precision f16 is for a GPU", "restore", in, "-o", out, "--dtype", "f16");
        fails(2, "--exact is for the CPU", "restore", in, "-o", out, "--exact", "--device", "cuda");
        fails(2, "--offload", "restore", in, "-o", out, "--offload", "some");
        fails(2, "--exact takes f32 and int8", "restore", in, "-o", out, "--precision", "bf16", "--exact");
        fails(1, "tpu", "restore", in, "-o", out, "--device", "tpu");
        fails(1, "cannot write", "restore", in, "-o", dir.resolve("no/such/folder/out.png"));
        fails(1, "out.xyz", "restore", in, "-o", dir.resolve("out.xyz"));
    }

    @Test void refusesModelsThatAreNone() throws IOException {
        Path in = photo(8, 8), out = dir.resolve("out.png"), model = dir.resolve("model"), weights = model.resolve("vae/model.safetensors");
        fails(1, "no such model folder", "restore", in, "-o", out, "--model", model);
        Files.createDirectory(model);
        fails(1, "model.json", "restore", in, "-o", out, "--model", model);
        copyModel(model);

        rewriteVae(weights, List.of("decoder.conv_in.bias"), "quant_conv.bias", "surplus.weight");
        fails(1, "3 tensors do not fit the model", "restore", in, "-o", out, "--model", model);
        CommandLineRun r = run("restore", in, "-o", out, "--model", model);
        assertThat(r.err()).contains("decoder.conv_in.bias [16] is missing", "quant_conv.bias is [3] but the model takes [16]",
                "surplus.weight [3] is not part of the model");

        byte[] whole = Files.readAllBytes(MODEL.resolve("vae/model.safetensors"));
        Files.write(weights, Arrays.copyOf(whole, whole.length / 2));
        fails(1, "vae/model.safetensors", "restore", in, "-o", out, "--model", model);
        Files.write(weights, ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 60).array());
        fails(1, "header", "restore", in, "-o", out, "--model", model);
    }

    @Test void restoresWithAnRrdbNetAlone() throws IOException {
        Path out = dir.resolve("out.png"), network = GeneratorModels.folder("realesrgan_x2");
        assertThat(run("restore", photo(15, 9), "-o", out, "--model", network).err()).contains("30x18");
        assertThat(run("restore", photo(15, 9), "-o", out, "--model", network, "--scale", 3, "--overwrite").err()).contains("45x27");
        assertThat(new String(Files.readAllBytes(out), StandardCharsets.ISO_8859_1)).contains("\"scale\":3,\"wrap\":\"none\",\"vae-tile\":0}")
                .doesNotContain("seed", "steps");
        fails(1, "this model has no prompt, seed; leave it out", "restore", photo(15, 9), "-o", dir.resolve("no.png"), "--model", network,
                "--prompt", "a cat", "--seed", 7);
        fails(1, "this model has no overlap; leave it out", "restore", photo(15, 9), photo(8, 8), "-o", dir.resolve("no"), "--model", network,
                "--overlap", 1);
        fails(2, "has no previews", "restore", photo(15, 9), "-o", dir.resolve("no.png"), "--model", network, "--preview", dir.resolve("p.png"));
    }

    @Test void restoresBehindAnRrdbNet() throws IOException {
        Path out = dir.resolve("out.png"), alone = dir.resolve("alone.png"), network = GeneratorModels.folder("bsrnet_x4");
        assertThat(run("restore", photo(12, 8), "-o", out, "--steps", 2, "--initial", network).err()).contains("48x32");
        assertThat(run("restore", photo(12, 8), "-o", alone, "--steps", 2).code()).isZero();
        assertThat(Files.mismatch(out, alone)).isNotEqualTo(-1);
        fails(1, "there is no such model folder", "restore", photo(12, 8), "-o", dir.resolve("no.png"), "--initial", dir.resolve("none"));
    }

    @Test void restoresBehindAnyModel() throws IOException {
        Path out = dir.resolve("out.png"), network = GeneratorModels.folder("realesrgan_x2");
        assertThat(run("restore", photo(12, 8), "-o", out, "--initial", MODEL, "--model", network, "--quality", "best", "--detail", 0.5).err())
                .contains("24x16");
        assertThat(new String(Files.readAllBytes(out), StandardCharsets.ISO_8859_1))
                .contains("\"model\":\"" + MODEL.getFileName() + " and model\"",
                "\"vae-tile\":0,\"detail\":0.5,\"quality\":\"best\",\"strength\":1.0,\"fidelity\":0.0,\"guard\":\"warn\"}");
        fails(1, "this model has no steps; leave it out", "restore", photo(12, 8), "-o", dir.resolve("no.png"), "--initial", MODEL, "--model",
                network, "--steps", 2);
    }

    /** Every option of every kind is a flag, whose help says its rule and default in plain words. */
    @Test void theHelpNamesEveryOption() {
        for (String command : List.of("restore", "evaluate")) {
            String help = run(command, "--help").out().replaceAll("\\s+", " ");
            for (Option<?> o : Restorers.options()) {
                assertThat(help).contains("--" + o.name() + "=" + o.label() + " ", " " + o.help() + " (" + o.rule() + "; default: ");
            }
            assertThat(help).doesNotContain("NaN", "null", "" + Integer.MAX_VALUE);
            assertThat(help).contains("(1..1000; default: the model's, else 20)", "(off, warn or auto; default: warn)", "(a text; default: none)");
        }
    }

    private static void copyModel(Path to) throws IOException {
        try (Stream<Path> files = Files.walk(MODEL)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(MODEL.relativize(f).toString());
                Files.createDirectories(target.getParent());
                Files.write(target, Files.readAllBytes(f));
            }
        }
    }

    /** The bundled autoencoder without some tensors, with one of another shape and one too many. */
    private static void rewriteVae(Path file, List<String> without, String misshapen, String extra) {
        Source three = Source.of(extra, DType.F32, Shape.of(3), () -> MemorySegment.ofArray(new byte[12]));
        try (SafeTensors vae = SafeTensors.open(MODEL.resolve("vae/model.safetensors"))) {
            List<Source> tensors = new ArrayList<>();
            for (SafeTensors.Entry e : vae.entries().values()) {
                if (e.name().equals(misshapen)) tensors.add(Source.of(misshapen, three.dtype(), three.shape(),
                        () -> MemorySegment.ofArray(new byte[12])));
                else if (!without.contains(e.name())) tensors.add(e);
            }
            tensors.add(three);
            SafeTensors.write(file, tensors, Map.of());
        }
    }
}
