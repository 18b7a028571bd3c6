package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.TinyModel;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private static Object[] with(Object[] rest, Object... first) {
        Object[] all = new Object[first.length + rest.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(rest, 0, all, first.length, rest.length);
        return all;
    }
}
