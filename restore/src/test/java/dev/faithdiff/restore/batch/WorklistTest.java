package dev.faithdiff.restore.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which photos files, folders and patterns name, and where each goes. */
class WorklistTest {
    @TempDir Path dir;

    @BeforeEach void photos() throws IOException {
        for (String name : new String[] {"in/a.png", "in/B.JPG", "in/note.txt", "in/.hidden.png", "in/sub/c.tif", "in/sub/deep/d.bmp",
                "in/sub/noextension", "other/a.png"}) {
            Files.createDirectories(dir.resolve(name).getParent());
            Files.createFile(dir.resolve(name));
        }
    }

    private List<String> outputs(ImageFormat format, String... inputs) {
        return found(dir.resolve("out"), format, inputs).stream().map(j -> dir.resolve("out").relativize(j.out()).toString()).toList();
    }

    private List<Job> found(Path out, ImageFormat format, String... inputs) { return worklist(out, format, List.of(), inputs).find().jobs(); }

    private Worklist worklist(Path out, ImageFormat format, List<Long> seeds, String... inputs) {
        return new Worklist(Arrays.stream(inputs).map(i -> i.equals("-") ? i : dir + "/" + i).toList(), out, format, 90, seeds);
    }

    private List<String> names(List<Job> jobs) { return jobs.stream().map(j -> dir.relativize(j.out()).toString()).toList(); }

    @Test void foldersKeepTheirStructure() {
        assertThat(outputs(null, "in")).containsExactlyInAnyOrder("a.png", "B.JPG", "sub/c.tif", "sub/deep/d.png");
        assertThat(outputs(ImageFormat.WEBP, "in")).containsExactlyInAnyOrder("a.webp", "B.webp", "sub/c.webp", "sub/deep/d.webp");
        assertThat(outputs(null, "in/sub/c.tif", "in/sub/noextension")).containsExactly("c.tif", "noextension.png");
    }

    @Test void patternsKeepTheStructureBelowTheirFixedPart() {
        assertThat(outputs(null, "in/**/*.{png,tif}")).containsExactlyInAnyOrder("a.png", "sub/c.tif");
        assertThat(outputs(null, "in/s*")).containsExactlyInAnyOrder("sub/c.tif", "sub/deep/d.png");
        assertThat(outputs(null, "in/*")).contains("a.png", "B.JPG", "sub/deep/d.png");
    }

    @Test void photosAreFoundWhereNothingIsWritten() {
        List<String> inputs = Stream.of("in/a.png", "in/**/*.{png,tif}", "other", "other/a.png").map(i -> dir + "/" + i).toList();
        assertThat(Worklist.photos(inputs).files()).containsExactly(dir.resolve("in/a.png"), dir.resolve("in/sub/c.tif"), dir.resolve("other/a.png"));
        assertThatThrownBy(() -> Worklist.photos(List.of(dir + "/in/*.gif"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no photos in " + dir + "/in/*.gif");
    }

    @Test void anEmptyNameIsNotThisFolder() {
        for (ThrowingCallable c : List.<ThrowingCallable>of(() -> Worklist.photos(List.of("")), () -> new Worklist(List.of(""), dir).find())) {
            assertThatThrownBy(c).isInstanceOf(IllegalArgumentException.class).hasMessage("the name of a photo or folder is empty");
        }
    }

    @Test void outputsAreNoInputs() throws IOException {
        Files.createDirectories(dir.resolve("in/restored"));
        Files.createFile(dir.resolve("in/restored/a.png"));
        assertThat(found(dir.resolve("in/restored"), null, "in")).hasSize(4);
        refused("is the folder of the photos", dir.resolve("in"), "in");
        refused("would replace the photo", dir.resolve("in"), "in/a.png");
    }

    @Test void photosOfOneNameKeepTheirExtensions() throws IOException {
        Files.createFile(dir.resolve("in/a.jpg"));
        assertThat(outputs(ImageFormat.PNG, "in")).contains("a.png.png", "a.jpg.png", "B.png");
        assertThat(outputs(null, "in")).contains("a.png", "a.jpg");
        refused("would both be written to", dir.resolve("out"), "in", "other");
    }

    @Test void saysWhereThereIsNothing() throws IOException {
        refused("no photos in", dir.resolve("out"), "in/*.webp");
        Files.createDirectories(dir.resolve("empty"));
        refused("no photos in", dir.resolve("out"), "empty");
    }

    /** Without an output, results lie beside the photos, and none is written over a photo. */
    @Test void withoutAnOutputResultsLieBesideThePhotos() throws IOException {
        assertThat(names(found(null, null, "in/B.JPG", "in/sub/noextension")))
                .containsExactly("in/B-restored.png", "in/sub/noextension-restored.png");
        assertThat(names(found(null, ImageFormat.JPEG, "in/a.png"))).containsExactly("in/a-restored.jpg");
        assertThat(names(found(null, null, "in"))).containsExactly("in-restored/B.JPG", "in-restored/a.png", "in-restored/sub/c.tif",
                "in-restored/sub/deep/d.png");
        assertThat(found(null, null, "-")).containsExactly(new Job(Job.STREAM, Job.STREAM, new Encoding(ImageFormat.PNG, 90), null));
        refused("say with -o", null, "in/*.png");
    }

    /** What one photo's output names: a file with an extension, else a folder; a pipe and a device are neither. */
    @Test void anOutputIsAFileAFolderOrAStream() throws Exception {
        assertThat(names(found(dir.resolve("x.webp"), null, "in/a.png"))).containsExactly("x.webp");
        assertThat(names(found(dir.resolve("restored"), null, "in/a.png"))).containsExactly("restored/a.png");
        refused("photos need a folder", dir.resolve("x.webp"), "in/a.png", "in/B.JPG");
        refused("is a file, but many photos need a folder", Files.createFile(dir.resolve("plain")), "in");
        refused("not named like a file of --format jpg", dir.resolve("x.png"), ImageFormat.JPEG, "in/a.png");
        for (Path stream : List.of(Job.STREAM, Path.of("/dev/stdout"))) {
            Job job = found(stream, ImageFormat.TIFF, "in/a.png").getFirst();
            assertThat(job).isEqualTo(new Job(dir.resolve("in/a.png"), stream, new Encoding(ImageFormat.TIFF, 90), null));
            assertThat(job.isToOutput() && job.isStreamed() && !job.isDone()).isTrue();
            refused("takes one photo", stream, "in/a.png", "in/B.JPG");
        }
    }

    @Test void seedsGiveAResultEach() {
        Worklist list = worklist(dir.resolve("x.jpg"), null, List.of(1L, -2L), "in/a.png");
        assertThat(names(list.find().jobs())).containsExactly("x-seed1.jpg", "x-seed-2.jpg");
        assertThat(list.find().jobs()).extracting(Job::seed).containsExactly(1L, -2L);
        assertThat(list.isMany()).isTrue();
        assertThat(names(worklist(dir.resolve("out"), null, List.of(7L), "in/sub").find().jobs()))
                .containsExactly("out/c-seed7.tif", "out/deep/d-seed7.png");
        refused("named twice", () -> worklist(dir.resolve("x.jpg"), null, List.of(1L, 1L), "in/a.png").find());
    }

    /** Wildcards in names of what exists stand for themselves. */
    @Test void bracketsInNames() throws IOException {
        Files.createDirectories(dir.resolve("my [1] {a}"));
        Files.createFile(dir.resolve("my [1] {a}/b[2]*.png"));
        assertThat(outputs(null, "my [1] {a}/*.png")).containsExactly("b[2]*.png");
        assertThat(outputs(null, "my [1] {a}/b[2]*.png")).containsExactly("b[2]*.png");
        assertThat(outputs(null, "my [1] {a}")).containsExactly("b[2]*.png");
        refused("is not complete", dir.resolve("out"), "in/a[.png");
    }

    /** Folders are followed through links, but not in circles; a photo that is a link to nothing is listed, to be reported. */
    @Test void symbolicLinks() throws IOException {
        Files.createSymbolicLink(dir.resolve("link"), dir.resolve("in"));
        Files.createSymbolicLink(dir.resolve("in/sub/up"), dir.resolve("in"));
        Files.createSymbolicLink(dir.resolve("in/elsewhere"), dir.resolve("other"));
        Files.createSymbolicLink(dir.resolve("in/gone.png"), dir.resolve("nowhere"));
        assertThat(outputs(null, "link")).containsExactlyInAnyOrder("a.png", "B.JPG", "elsewhere/a.png", "gone.png", "sub/c.tif", "sub/deep/d.png");
        Files.createSymbolicLink(dir.resolve("in/x.png"), dir.resolve("in/a.png"));
        refused("would replace the photo", dir.resolve("in/x.png"), "in/a.png");
    }

    @Test void whatIsLeftOutIsSaid() throws IOException {
        for (String name : List.of("x.HEIC", "y.heic", "z.cr2", "w.jfif")) Files.createFile(dir.resolve("other/" + name));
        Worklist.Found found = worklist(dir.resolve("out"), null, List.of(), "other").find();
        assertThat(names(found.jobs())).containsExactly("out/a.png", "out/w.jfif");
        assertThat(found.remarks()).hasSize(2).anyMatch(r -> r.startsWith("left out 2 files .heic"))
                .anyMatch(r -> r.startsWith("left out 1 file .cr2"));
    }

    private void refused(String why, Path out, String... inputs) { refused(why, out, null, inputs); }

    private void refused(String why, Path out, ImageFormat format, String... inputs) { refused(why, () -> found(out, format, inputs)); }

    private void refused(String why, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }
}
