package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.TinyModel;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Metadata;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.tensor.host.Version;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders of photos, good and bad, whole runs, killed ones and interrupted ones. */
@Tag("full")
class BatchTest {
    private static final String[] QUICK = {"--steps", "1", "--scale", "1", "--guard", "off"};
    private static final String[] EXTENSIONS = {"png", "jpg", "webp", "tif"};

    @TempDir Path dir;

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, (Object[]) arguments(args)); }

    private static String[] arguments(Object... args) {
        return Stream.concat(Stream.of("restore"), Stream.concat(Arrays.stream(args).map(Object::toString), Arrays.stream(QUICK)))
                .toArray(String[]::new);
    }

    /** Photos of 16..32 pixels: coloured or grey, of 8 or 16 bits, with opacity or without, in nested folders. */
    private Path album(int photos) throws IOException {
        Path album = dir.resolve("album");
        for (int k = 0; k < photos; k++) {
            Path file = album.resolve("year" + k % 3 + "/day" + k % 2 + "/photo" + k + "." + EXTENSIONS[k % EXTENSIONS.length]);
            Files.createDirectories(file.getParent());
            Image image = noise(16 + k % 17, 16 + k % 11, k % 8 == 0 ? 16 : 8, k);
            Image opacity = k % 5 == 0 ? noise(image.width(), image.height(), image.bits(), ~k).toGrey() : null;
            ImageFiles.write(new Photo(k % 7 == 0 ? image.toGrey() : image, opacity, Metadata.NONE), file);
        }
        return album;
    }

    private static Image noise(int width, int height, int bits, int seed) {
        byte[] high = new byte[3 * width * height], low = bits == 16 ? new byte[high.length] : null;
        Random random = new Random(seed);
        random.nextBytes(high);
        if (low != null) random.nextBytes(low);
        return Image.of(width, height, high, low);
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.exists(folder)) return List.of();
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static Map<String, byte[]> contents(Path folder) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        for (Path f : files(folder)) contents.put(folder.relativize(f).toString(), Files.readAllBytes(f));
        return contents;
    }

    private static void assertSame(Map<String, byte[]> actual, Map<String, byte[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, bytes) -> assertThat(actual.get(name)).as(name).isEqualTo(bytes));
    }

    @Test void badFilesDoNotStopTheRest() throws IOException {
        Path album = album(200), out = dir.resolve("out"), log = dir.resolve("log.jsonl");
        List<Path> bad = new ArrayList<>(), all = files(album);
        Random random = new Random(5);
        for (int k = 0; k < all.size(); k += 4) {
            byte[] bytes = Files.readAllBytes(all.get(k));
            Files.write(all.get(k), switch (k / 4 % 4) {
                case 0 -> new byte[0];
                case 1 -> "this is no picture".getBytes();
                case 2 -> Arrays.copyOf(bytes, bytes.length / 2);
                default -> { byte[] random40 = new byte[40]; random.nextBytes(random40); yield random40; }
            });
            bad.add(all.get(k));
        }
        CommandLineRun r = run(album, "-o", out, "--log", log, "-q", "--strict");
        assertThat(r.code()).isEqualTo(1);
        assertThat(r.err().lines()).hasSize(bad.size()).allMatch(l -> l.startsWith("faithdiff: "));
        for (Path b : bad) assertThat(r.err().lines().filter(l -> l.contains(b.toString()))).as(b.toString()).hasSize(1);
        assertThat(files(out)).hasSize(all.size() - bad.size());
        for (Path f : files(out)) {
            Photo before = ImageFiles.readPhoto(album.resolve(out.relativize(f))), after = ImageFiles.readPhoto(f);
            assertThat(after.image().bits()).isEqualTo(before.image().bits());
            assertThat(after.image().isGrey()).isEqualTo(before.image().isGrey());
            assertThat(after.opacity() == null).isEqualTo(before.opacity() == null);
            assertThat(List.of(after.image().width(), after.image().height())).isEqualTo(List.of(before.image().width(), before.image().height()));
        }
        List<JsonObject> lines = Files.readAllLines(log).stream().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
        assertThat(lines).hasSize(all.size());
        for (JsonObject l : lines) {
            boolean failed = bad.contains(Path.of(l.get("in").getAsString()));
            assertThat(l.get("outcome").getAsString()).isEqualTo(failed ? "failed" : "done");
            assertThat(l.keySet()).contains(failed ? new String[] {"error"}
                    : new String[] {"out", "width", "outHeight", "seconds", "seed", "settings"});
        }

        // Again: only what is missing is done.
        Path first = files(out).getFirst();
        Files.delete(first);
        FileTime time = Files.getLastModifiedTime(files(out).getFirst());
        CommandLineRun again = run(album, "-o", out, "--progress", "json", "--strict");
        assertThat(again.code()).isEqualTo(1);
        assertThat(first).exists();
        assertThat(Files.getLastModifiedTime(files(out).get(1))).isEqualTo(time);
        JsonObject end = JsonParser.parseString(again.out().lines().toList().getLast()).getAsJsonObject();
        assertThat(List.of(end.get("done").getAsInt(), end.get("skipped").getAsInt(), end.get("failed").getAsInt()))
                .isEqualTo(List.of(1, all.size() - bad.size() - 1, bad.size()));
    }

    @Test void settingsAreInTheMetadataUnlessLeftOut() throws IOException {
        Path in = dir.resolve("in.png"), with = dir.resolve("with.png"), without = dir.resolve("without.png");
        ImageFiles.write(noise(16, 16, 8, 1), in);
        assertThat(run(in, "-o", with, "-q").code() + run(in, "-o", without, "-q", "--no-metadata").code()).isZero();
        String model = "\"model\":\"small-model\",\"digest\":\"" + new ModelFolder(CliTest.MODEL).digest().substring(0, 12) + "\"";
        assertThat(new String(Files.readAllBytes(with), java.nio.charset.StandardCharsets.ISO_8859_1))
                .contains("parameters", "\"program\":\"" + Version.PROGRAM + "\"", model, "\"seed\":42");
        assertThat(new String(Files.readAllBytes(without), java.nio.charset.StandardCharsets.ISO_8859_1)).doesNotContain("parameters", "seed");
        assertThat(ImageFiles.read(with)).isEqualTo(ImageFiles.read(without));
    }

    /** 16-bit results come from the network's floats: they use their low bytes, and rounded they are near the 8-bit ones. */
    @Test void sixteenBitsStay() {
        Path deep = dir.resolve("deep.png"), shallow = dir.resolve("shallow.png"), a = dir.resolve("a.png"), b = dir.resolve("b.tif");
        byte[] low = new byte[3 * 32 * 24];
        new Random(3).nextBytes(low);
        Path sample = Path.of(System.getProperty("faithdiff.home"), "samples/chelsea.png");
        Image image = Image.of(32, 24, ImageFiles.read(sample).crop(200, 100, 32, 24).rgb(), low);
        ImageFiles.write(image, deep);
        ImageFiles.write(image.to8Bits(), shallow);
        for (String[] extra : new String[][] {{"--color-fix", "adain"}, {"--color-fix", "wavelet"}, {"--fidelity", "0.5"}, {"--strength", "0.3"}}) {
            assertThat(run(deep, "-o", a, "-q", "--force", extra[0], extra[1]).code()
                    + run(shallow, "-o", b, "-q", "--force", extra[0], extra[1]).code()).isZero();
            Image restored = ImageFiles.readPhoto(a).image(), coarse = ImageFiles.read(b);
            assertThat(restored.bits()).isEqualTo(16);
            long values = IntStream.range(0, restored.rgb().length).map(restored::sample).distinct().count();
            assertThat(values).as("different samples").isGreaterThan(1000);
            for (int i = 0; i < coarse.rgb().length; i++) {
                assertThat(Math.abs(restored.to8Bits().sample(i) - coarse.sample(i))).isLessThanOrEqualTo(3);
            }
        }
    }

    /** What a photo's file holds beside RGB of 8 bits stays through an RRDBNet alone and in front of FaithDiff. */
    @ParameterizedTest @ValueSource(strings = {"--model", "--initial"})
    void rrdbNetsKeepWhatAPhotoHolds(String option) throws IOException {
        Path in = dir.resolve("in"), out = dir.resolve("out"), network = GeneratorModels.folder("realesrgan_x4");
        Files.createDirectories(in);
        byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
        Metadata metadata = new Metadata(null, null, profile, new Metadata.Resolution(300, 150), null);
        ImageFiles.write(new Photo(noise(20, 14, 16, 1), noise(20, 14, 16, 2).toGrey(), metadata), in.resolve("deep.png"));
        ImageFiles.write(new Photo(noise(20, 14, 8, 3).toGrey(), null, Metadata.NONE), in.resolve("grey.tif"));
        CommandLineRun r = option.equals("--model") ? CommandLineRun.of(Main::run, "restore", in, "-o", out, "-q", option, network)
                : run(in, "-o", out, "-q", option, network);
        assertThat(r).isEqualTo(CommandLineRun.SILENT);
        Photo deep = ImageFiles.readPhoto(out.resolve("deep.png")), grey = ImageFiles.readPhoto(out.resolve("grey.tif"));
        int scale = option.equals("--model") ? 4 : 1;
        assertThat(deep.image().toString()).isEqualTo("Image " + 20 * scale + "x" + 14 * scale + " of 16 bits");
        assertThat(IntStream.range(0, deep.image().low().length).map(i -> deep.image().low()[i]).distinct().count()).as("low bytes in use")
                .isGreaterThan(200);
        assertThat(deep.opacity().toString()).isEqualTo(deep.image().toString());
        assertThat(deep.metadata().profile()).isEqualTo(profile);
        assertThat(deep.metadata().resolution().x()).isCloseTo(300, within(0.02));
        assertThat(grey.image().isGrey()).isTrue();
        assertThat(grey.image().width()).isEqualTo(20 * scale);
    }

    @Test void usageOfFoldersIsChecked() throws IOException {
        Path album = album(2), photo = files(album).getFirst();
        assertThat(run(album, "-o", album).code()).isEqualTo(2);
        assertThat(run(album, "-o", dir.resolve("out"), "--preview", dir.resolve("p.png")).err()).contains("for one photo");
        assertThat(run(album, "-o", dir.resolve("x.png")).err()).contains("named like a photo");
        CommandLineRun one = run(photo, "-o", dir.resolve("x.png"), "--log", dir.resolve("log"), "--progress", "json");
        assertThat(one.out().lines().map(l -> JsonParser.parseString(l).getAsJsonObject().get("event").getAsString()).distinct())
                .containsExactly("progress", "tile", "file", "end");
        assertThat(Files.readAllLines(dir.resolve("log"))).hasSize(1);
        assertThat(run(album, "-o", dir.resolve("out"), "--log", dir.resolve("no/such/log")).err()).contains("cannot write the log");
        assertThat(run(photo, "-o", Files.createDirectories(dir.resolve("into")), "-q").code()).isZero();
        assertThat(dir.resolve("into").resolve(photo.getFileName())).exists();
        assertThat(run(photo, "-o", dir.resolve("made"), "-q").code()).as("a name without extension is a folder").isZero();
        assertThat(dir.resolve("made").resolve(photo.getFileName())).isRegularFile();
        assertThat(run(album, "-o", dir.resolve("made"), "-q", "--seed", 8).code()).isZero();
        assertThat(run(album, "-o", dir.resolve("made"), "--seed", 9).err())
                .contains("0 restored, 2 already there, 2 of them made with other options (--overwrite restores them again), 0 failed, on cpu");
    }

    @Tag("process") @Test @DisabledOnOs(OS.WINDOWS) void killedRunsGoOnToTheSameBytes() throws Exception {
        Path album = album(40), whole = dir.resolve("whole"), out = dir.resolve("out");
        assertThat(run(album, "-o", whole, "-q").code()).isZero();
        Map<String, byte[]> expected = contents(whole);
        Process child = start(List.of(), arguments(album, pipe(), "-o", out, "-q"));
        awaitFiles(child, out);
        child.destroyForcibly().waitFor();
        Map<String, byte[]> killed = contents(out);
        killed.keySet().removeIf(name -> name.endsWith(".tmp"));
        assertThat(killed.size()).isBetween(4, expected.size());
        killed.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
        // What a writer leaves when it is killed in the middle; this process lives, so its own is not touched.
        Path left = Files.write(out.resolve("year0/day0/.photo.png." + child.pid() + "-1f.tmp"), new byte[9]);
        assertThat(run(album, "-o", out, "-q").code()).isZero();
        assertThat(left).doesNotExist();
        assertSame(contents(out), expected);
    }

    /** A photo that nobody writes, so that a run with it at the end cannot end by itself before a signal arrives. */
    private Path pipe() throws Exception {
        Path pipe = dir.resolve("pipe.png");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        return pipe;
    }

    private static void awaitFiles(Process child, Path out) throws Exception {
        while (child.isAlive()) {
            try {
                if (files(out).stream().filter(f -> !f.toString().endsWith(".tmp")).count() >= 4) return;
            } catch (UncheckedIOException e) {
                // An unfinished file got its name while the folder was listed.
            }
            Thread.sleep(10);
        }
    }

    /** Whether this process ignores SIGINT, as those that a script puts into the background; its children then do, too. */
    private static boolean isDeaf() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) return false;
        String ignored = Files.readAllLines(status).stream().filter(l -> l.startsWith("SigIgn:")).findFirst().orElseThrow();
        return (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & 2) != 0;
    }

    @Tag("process") @Test @DisabledOnOs(OS.WINDOWS) void interruptedRunsLeaveWholeFilesAndSayOneLine() throws Exception {
        Path album = album(40), whole = dir.resolve("whole"), out = dir.resolve("out");
        assertThat(run(album, "-o", whole, "-q").code()).isZero();
        Map<String, byte[]> expected = contents(whole);
        Process child = start(List.of(), arguments(album, pipe(), "-o", out, "-q"));
        awaitFiles(child, out);
        new ProcessBuilder("kill", "-INT", Long.toString(child.pid())).start().waitFor();
        assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(child.exitValue()).isEqualTo(130);
        String said = Files.readString(dir.resolve("child.log"));
        assertThat(said.lines().filter(l -> !l.startsWith("WARNING: Using incubator")).toList()).as(said).hasSize(1)
                .allMatch(l -> l.matches("faithdiff: stopped; \\d+ restored, 0 already there, 0 failed, \\d+ left"));
        Map<String, byte[]> stopped = contents(out);
        assertThat(stopped.size()).isBetween(4, expected.size());
        stopped.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
    }

    @Tag("process") @Test void aSystemWithoutNativeWebpSaysSoInOneLine() throws Exception {
        Path photo = files(album(1)).getFirst(), out = dir.resolve("x.webp");
        assertThat(start(List.of("-Dos.arch=quantum"), "degrade", photo.toString(), "-o", out.toString()).waitFor()).isEqualTo(1);
        assertThat(Files.readAllLines(dir.resolve("child.log")).stream().filter(l -> !l.startsWith("WARNING: Using incubator")))
                .singleElement().asString().startsWith("faithdiff: cannot write " + out).contains("quantum");
        assertThat(out).doesNotExist();
    }

    private Process start(List<String> flags, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(isDeaf() ? List.of("env", "--default-signal=INT") : List.of());
        command.addAll(List.of(System.getProperty("java.home") + "/bin/java", "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", "-Dfaithdiff.home=" + System.getProperty("faithdiff.home"),
                "-Dfaithdiff.model=" + System.getProperty("faithdiff.model"), "-cp",
                System.getProperty("java.class.path")));
        command.addAll(flags);
        command.add("dev.faithdiff.cli.Main");
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(dir.resolve("child.log").toFile()).start();
    }
}
