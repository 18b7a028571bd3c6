package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.stream.JsonReader;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.TinyModel;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.supir.TinySupir;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Captions by LLaVA or another program, written beside photos, and as prompts. */
@Tag("full")
class CaptionCommandTest {
    @TempDir static Path dir;
    private static Path llava, album;

    @BeforeAll static void convert() throws IOException {
        llava = dir.resolve("llava-tiny");
        String clip = Fixtures.path("llava/clip-vit-large-patch14-336-tiny").toString();
        assertThat(dev.faithdiff.convert.Main.run("convert", Fixtures.path("llava/llava-v1.5-tiny").toString(), "--base", clip, "--dtype", "q4", "-o",
                llava.toString())).isZero();
        album = Files.createDirectory(dir.resolve("album"));
        for (String name : new String[] {"a.png", "b.png"}) Files.copy(Fixtures.path("llava/stages/image0.png"), album.resolve(name));
        Files.writeString(album.resolve("b.txt"), "a caption");
    }

    private static CommandLineRun run(Object... args) {
        CommandLineRun run = CommandLineRun.of(Main::run, args);
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    @Test void captionsAreWrittenBesidePhotosThatHaveNone() throws IOException {
        run("caption", album, "--captioner", llava, "--max-tokens", "8", "--temperature", "0");
        String text = Files.readString(album.resolve("a.txt"));
        assertThat(text).isNotBlank();
        assertThat(album.resolve("b.txt")).hasContent("a caption");
        run("caption", album.resolve("b.png"), "--captioner", llava, "--max-tokens", "8", "--temperature", "0", "--overwrite");
        assertThat(Files.readString(album.resolve("b.txt"))).isEqualTo(text);
        Files.writeString(album.resolve("b.txt"), "a caption");
    }

    @Test void partsAreDescribedToo() {
        String out = run("caption", album.resolve("b.png"), "--captioner", llava, "--max-tokens", "4", "--print", "--json", "--tiles", "2").out();
        JsonObject json = JsonParser.parseString(out).getAsJsonArray().get(0).getAsJsonObject();
        assertThat(json.getAsJsonArray("parts")).hasSize(4);
        assertThat(CommandLineRun.of(Main::run, "caption", album, "--captioner", llava, "--tiles", "9").code()).isEqualTo(2);
        assertThat(CommandLineRun.of(Main::run, "caption", album, "--captioner", llava, "--top-p", "2", "--print").code()).isEqualTo(2);
    }

    @Test void speedIsSaid() throws IOException {
        Path trace = dir.resolve("trace.json");
        CommandLineRun run = run("caption", album.resolve("b.png"), "--captioner", llava, "--max-tokens", "8", "--print", "--verbose",
                "--profile", trace);
        assertThat(run.err()).containsPattern("saw the photo in [0-9.]+ s, read [0-9]+ tokens of the prompt in [0-9.]+ s, "
                + "wrote [2-8] tokens in [0-9.]+ s: [0-9.]+ tokens/s");
        assertThat(run.out()).contains("GroupedLinearOp").contains("AttentionOp");
        assertThat(trace).content().contains("\"name\":\"read\"").contains("\"name\":\"write\"");
        assertThat(CommandLineRun.of(Main::run, "caption", album, "--captioner", llava, "--print", "--profile", trace).code()).isEqualTo(2);
    }

    @Test void captionsAreForeseen() {
        String line = "b.png: needs [0-9.]+ GB of the [0-9.]+ GB"; // tests know no rates, so no times
        String out = run("caption", album.resolve("b.png"), "--captioner", llava, "--max-tokens", "3", "--print", "--dry-run").out();
        assertThat(out).containsPattern(line).contains("| see ").contains("| read ").contains("| write ");
        String both = run("restore", Fixtures.path("seesr/stage_lr.png"), "-o", dir.resolve("none.png"), "--model", TinyModel.folder(),
                "--steps", "2", "--scale", "1", "--guard", "off", "--prompt", "auto:" + llava, "--dry-run").out();
        assertThat(both).containsPattern("the captioner, before: needs [0-9.]+ GB")
                .contains("| write ").contains("none.png: needs").contains("| denoise ");
        assertThat(dir.resolve("none.png")).doesNotExist();
    }

    /** Both commands tell the captioner how to round. */
    @Test void activationsAreRoundedWhereThatIsAskedFor() {
        Object[] caption = {"caption", album.resolve("b.png"), "--captioner", llava, "--max-tokens", "3", "--print", "--precision"};
        Object[] restore = {"restore", Fixtures.path("seesr/stage_lr.png"), "-o", dir.resolve("rounded.png"), "--model", TinyModel.folder(),
            "--steps", "2", "--scale", "1", "--guard", "off", "--overwrite", "--prompt", "auto:" + llava, "--precision"};
        for (Object[] command : new Object[][] {caption, restore}) {
            assertThat(groupedKernels(with(new Object[] {"int8"}, command))).anyMatch(k -> k.startsWith("GroupedLinearInt8"));
            assertThat(groupedKernels(with(new Object[] {"f32"}, command))).isNotEmpty().noneMatch(k -> k.contains("Int8"));
        }
    }

    private static Set<String> groupedKernels(Object... command) {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Engine.observed((op, _, _, kernel, _) -> {
            if (op instanceof GroupedLinearOp) seen.add(kernel);
        }, () -> run(command));
        return seen;
    }

    @Test void anotherProgramMayDescribe() {
        String out = run("caption", album.resolve("b.png"), "--caption-command", "echo a photo in", "--print").out().strip();
        assertThat(out).startsWith("a photo in ").endsWith(".png");
        CommandLineRun failed = CommandLineRun.of(Main::run, "caption", album.resolve("b.png"), "--caption-command", "false", "--print");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("the caption command false failed: exit code 1");
    }

    @Test void patternsNamePhotos() {
        String out = run("caption", album + "/*.png", "--caption-command", "echo a photo in", "--print").out();
        assertThat(out.lines()).hasSize(2).allMatch(l -> l.contains(".png: a photo in "));
    }

    @Test void promptsAreCaptions() throws IOException {
        Path out = dir.resolve("one.png");
        Object[] rest = {"--model", TinyModel.folder(), "--steps", "2", "--scale", "1", "--guard", "off"};
        run(with(rest, "restore", Fixtures.path("seesr/stage_lr.png"), "-o", out, "--prompt", "auto", "--caption-command", "echo the words of"));
        assertThat(Files.readString(out, StandardCharsets.ISO_8859_1)).contains("\"prompt\":\"the words of ");
        Path other = dir.resolve("other.png");
        assertThat(run(with(rest, "restore", Fixtures.path("seesr/stage_lr.png"), "-o", other, "--prompt", "auto:" + llava)).err())
                .contains("prompt: ");
        CommandLineRun none = CommandLineRun.of(Main::run,
                with(rest, "restore", Fixtures.path("seesr/stage_lr.png"), "-o", other, "--caption-command", "x"));
        assertThat(none.code()).isEqualTo(2);
    }

    /** Each tile as SUPIR cuts the photo, in the settings of the result, which is that of the same words given. */
    @Test void tilesAreDescribed() throws IOException {
        Path photo = wide(dir.resolve("wide.png")), out = dir.resolve("tiles.png"), supir = TinySupir.drawn(dir.resolve("supir"));
        Object[] tiled = {"--model", supir, "--process-size", 64, "--tile", 64, "--steps", 1, "--guard", "off"};
        Object[] auto = {"--tile-prompts", "auto:" + llava};
        List<String> seen = described(supir, photo);
        CommandLineRun told = run(with(with(auto, tiled), "restore", photo, "-o", out, "--verbose"));
        for (int i = 0; i < 3; i++) assertThat(told.err()).contains("prompt, tile " + (i + 1) + ": " + seen.get(i));
        String words = String.join("|", seen);
        assertThat(tilePrompts(out)).isEqualTo(words);
        run(with(with(new Object[] {"--tile-prompts", words}, tiled), "restore", photo, "-o", dir.resolve("same.png")));
        assertThat(ImageFiles.read(out)).isEqualTo(ImageFiles.read(dir.resolve("same.png")));

        Path many = Files.createDirectory(dir.resolve("many"));
        wide(many.resolve("a.png"));
        Files.writeString(many.resolve("a.txt"), "a caption of the whole");
        Files.copy(Fixtures.path("supir/runs/default_q/lr.png"), many.resolve("b.png"));
        String err = run(with(with(auto, tiled), "restore", many, "-o", dir.resolve("many-out"))).err();
        assertThat(tilePrompts(dir.resolve("many-out/a.png"))).isEqualTo(words);
        assertThat(tilePrompts(dir.resolve("many-out/b.png"))).isNotEmpty().doesNotStartWith("auto");
        assertThat(err).contains("a.png: described in tiles, 3 of them");

        String foreseen = run(with(with(auto, tiled), "restore", photo, "-o", dir.resolve("not.png"), "--dry-run")).out();
        assertThat(foreseen).containsPattern("the captioner, before: needs [0-9.]+ GB").contains("| write ", "not.png: needs", "| denoise ");
    }

    @Test void whatCannotBeDescribedInTilesIsRefused() {
        Path photo = wide(dir.resolve("refused.png")), out = dir.resolve("refused-out.png"), supir = TinySupir.drawn(dir.resolve("supir"));
        Object[] rest = {"restore", photo, "-o", out, "--guard", "off", "--steps", 1, "--tile-prompts", "auto:" + llava, "--model"};
        CommandLineRun.of(Main::run, with(new Object[] {TinyModel.folder()}, rest)).assertFailed(1, "this model has no tile-prompts; leave it out");
        CommandLineRun.of(Main::run, with(new Object[] {supir, "--process-size", 64, "--tile-prompts", "auto:" + dir.resolve("none")}, rest))
                .assertFailed(1, "none");
        CommandLineRun.of(Main::run, with(new Object[] {supir, "--prompt", "auto"}, rest)).assertFailed(2, "is instead of --prompt auto");
        CommandLineRun.of(Main::run, with(new Object[] {supir, "--process-size", 64, "--tile", 64, "--tile-prompts", "a|b"}, rest))
                .assertFailed(1, "tile-prompts has 2 texts, but there are 3 tiles");
        assertThat(out).doesNotExist();
    }

    private static Path wide(Path to) {
        ImageFiles.write(ImageFiles.read(Fixtures.path("supir/runs/default_q/lr.png")).crop(0, 0, 40, 20), to);
        return to;
    }

    private static List<String> described(Path supir, Path photo) {
        try (Restorer r = Restorers.open(supir, Device.CPU);
                Captioner c = Captioners.open(llava, Device.CPU, CaptionOptions.PUBLISHED.with(CaptionOptions.Style.SUPIR))) {
            List<Image> tiles = r.tiles(ImageFiles.read(photo), r.defaults().with(CommonOptions.PROCESS_SIZE, 64).with(DiffusionOptions.TILE, 64));
            assertThat(tiles).hasSize(3);
            return tiles.stream().map(t -> c.describe(t).replace('|', ' ')).toList();
        }
    }

    /** In the settings that a result's file holds. */
    private static String tilePrompts(Path result) throws IOException {
        String file = Files.readString(result, StandardCharsets.ISO_8859_1);
        JsonReader settings = new JsonReader(new StringReader(file.substring(file.indexOf("{\"program\""))));
        String text = JsonParser.parseReader(settings).getAsJsonObject().get("tile-prompts").getAsString();
        return new String(text.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static Object[] with(Object[] rest, Object... first) {
        Object[] all = new Object[first.length + rest.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(rest, 0, all, first.length, rest.length);
        return all;
    }
}
