package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.TinyModel;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tags of photos, printed, written beside them, and as prompts of FaithDiff. */
@Tag("full")
class TagCommandTest {
    @TempDir static Path dir;
    private static Path tagger, album;
    private static String tags;

    @BeforeAll static void convert() throws IOException {
        tagger = dir.resolve("dape");
        assertThat(dev.faithdiff.convert.Main.run("convert", Fixtures.path("osediff/ram").toString(), "-o", tagger.toString())).isZero();
        album = Files.createDirectory(dir.resolve("album"));
        for (String name : new String[] {"a.png", "b.png"}) Files.copy(Fixtures.path("seesr/stage_lr.png"), album.resolve(name));
        Files.writeString(album.resolve("b.txt"), "a caption");
        tags = run("tag", album.resolve("a.png"), "--captioner", tagger).out().strip();
    }

    private static CommandLineRun run(Object... args) {
        CommandLineRun run = CommandLineRun.of(Main::run, args);
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    @Test void tagsAreScored() {
        assertThat(tags).isNotEmpty().doesNotContain("\n");
        JsonObject json = JsonParser.parseString(run("tag", album.resolve("a.png"), "--captioner", tagger, "--json").out()).getAsJsonArray().get(0)
                .getAsJsonObject();
        assertThat(json.get("text").getAsString()).isEqualTo(tags);
        assertThat(json.getAsJsonArray("tags")).hasSize(tags.split(", ").length).allMatch(t -> t.getAsJsonObject().get("score").getAsDouble() > 0.6);
    }

    @Test void tagsAreWrittenBesidePhotosWithoutCaptions() throws IOException {
        Path own = Files.createDirectory(dir.resolve("written"));
        for (String name : new String[] {"a.png", "b.png", "b.txt"}) Files.copy(album.resolve(name), own.resolve(name));
        run("tag", own, "--captioner", tagger, "--write");
        assertThat(own.resolve("a.txt")).hasContent(tags);
        assertThat(own.resolve("b.txt")).hasContent("a caption");
    }

    /** A photo's metadata hold its prompt. */
    @Test void promptsAreTags() throws IOException {
        Path out = dir.resolve("results");
        Object[] quick = {"--prompt", "auto:" + tagger, "--model", TinyModel.folder(), "--steps", "2", "--scale", "1", "--guard", "off"};
        run(with(quick, "restore", album, "-o", out));
        assertThat(Files.readString(out.resolve("a.png"), StandardCharsets.ISO_8859_1)).contains("\"prompt\":\"" + tags + "\"");
        assertThat(Files.readString(out.resolve("b.png"), StandardCharsets.ISO_8859_1)).contains("\"prompt\":\"a caption\"");
        CommandLineRun again = run(with(quick, "restore", album, "-o", out));
        assertThat(again.err()).doesNotContain("other options");
        CommandLineRun one = run(with(quick, "restore", album.resolve("b.png"), "-o", dir.resolve("one.png")));
        assertThat(one.err()).contains("prompt: " + tags);
    }

    private static Object[] with(Object[] rest, Object... first) {
        Object[] all = Arrays.copyOf(first, first.length + rest.length);
        System.arraycopy(rest, 0, all, first.length, rest.length);
        return all;
    }

    @Test void onlyRestoreAsksACaptioner() {
        Options auto = Options.defaults().with(DiffusionOptions.PROMPT, "auto:" + tagger);
        assertThatThrownBy(() -> AutoPrompt.words(auto)).hasMessageContaining("needs a captioner");
        assertThat(AutoPrompt.words(auto.with(DiffusionOptions.PROMPT, "automatic"))).isEqualTo("automatic");
    }

    @Test void whatIsNoTaggerIsRefused() {
        CommandLineRun run = CommandLineRun.of(Main::run, "tag", album.resolve("a.png"), "--captioner", TinyModel.folder());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("captioners are llava, ram");
    }
}
