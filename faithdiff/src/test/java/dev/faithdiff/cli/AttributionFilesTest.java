package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.TinyModel;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Maps of words beside a result, of a model that reads text; and what is said where there are none. */
@Tag("full")
class AttributionFilesTest {
    @TempDir Path dir;
    private Path photo;

    @BeforeEach void write() {
        byte[] rgb = new byte[3 * 24 * 16];
        new Random(5).nextBytes(rgb);
        photo = dir.resolve("photo.png");
        ImageFiles.write(Image.of(24, 16, rgb), photo);
    }

    private CommandLineRun restore(Path out, Object... more) {
        Object[] first = {"restore", photo, "-o", out, "--model", TinyModel.folder(), "--prompt", "a red cat on a hill, a cat", "--steps", 2};
        return CommandLineRun.of(Main::run, Stream.concat(Stream.of(first), Stream.of(more)).toArray());
    }

    /** Guidance has two rows of text, and the tiles are two. */
    @Test void liesBesideTheSameResult() {
        Path plain = dir.resolve("plain.png"), out = dir.resolve("out.png"), cat = dir.resolve("out-daam-cat.png"),
                hill = dir.resolve("out-daam-red-cat.png");
        Object[] tiles = {"--scale", 4, "--guidance", 3, "--tile", 64, "--margin", 8};
        assertThat(restore(plain, tiles).code()).isZero();
        CommandLineRun run = restore(out, Stream.concat(Stream.of(tiles), Stream.of("--daam", "cat,Red cat")).toArray());
        assertThat(run.err()).containsPattern("out-daam-cat.png: attention to 'cat' from 0\\.\\d+ to 0\\.\\d+");
        assertThat(out).hasSameBinaryContentAs(plain);
        assertThat(ImageFiles.read(cat)).hasToString("Image 96x64").isNotEqualTo(ImageFiles.read(out)).isNotEqualTo(ImageFiles.read(hill));
    }

    /** Its own page has the maps too, for one photo and its result. */
    @Test void standsInThePage() throws Exception {
        Path out = dir.resolve("out.png"), pages = dir.resolve("pages");
        CommandLineRun run = restore(out, "--report", pages, "--daam", "cat,hill");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("attention to 'cat' from", "attention to 'hill' from");
        String page = Files.readString(pages.resolve("out.png.html"));
        assertThat(page).contains("\"words\":{\"word0\":{\"word\":\"cat\",\"least\":0.", "\"word1\":{\"word\":\"hill\",")
                .contains("\"word0\":\"data:image/png");
        assertThat(dir.resolve("out-daam-cat.png")).isNotEmptyFile();
        assertThat(CommandLineRun.of(Main::run, "verify-result", pages.resolve("out.png.html")).out()).contains("restored again: the same bytes");
    }

    @Test void refusals() {
        Path out = dir.resolve("out.png");
        restore(out, "--daam", "dog").assertFailed(1, "the prompt, as the model reads it, has no 'dog'");
        restore(out, "--daam", "cat, ").assertFailed(2, "--daam takes words");
        restore(out, "--daam", "cat,CAT").assertFailed(2, "two words would be shown in");
        restore(out, "--daam", "cat", "--resume").assertFailed(2, "does not go with --resume");
        restore(Path.of("-"), "--daam", "cat").assertFailed(2, "needs a file");
        restore(dir.resolve("many"), "--daam", "cat", "--seeds", "1,2").assertFailed(2, "are for one photo");
        restore(out, "--model", CliTest.MODEL, "--daam", "cat").assertFailed(2, "this model reads no prompt");
        assertThat(out).doesNotExist();
        assertThat(restore(out, "--daam", "cat", "--strength", 0).err()).contains("there is no map of 'cat'");
        assertThat(Files.exists(dir.resolve("out-daam-cat.png"))).isFalse();
    }

    @Test void existingFilesStay() throws Exception {
        Path out = dir.resolve("out.png"), map = Files.createFile(dir.resolve("out-daam-cat.png"));
        restore(out, "--daam", "cat").assertFailed(2, "out-daam-cat.png exists already; --overwrite replaces it");
        assertThat(map).isEmptyFile();
        assertThat(restore(out, "--daam", "cat", "--overwrite", "-q")).isEqualTo(CommandLineRun.SILENT);
        assertThat(map).isNotEmptyFile();
    }
}
