package dev.faithdiff.restore.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which photos files, folders and patterns name, and where each goes. */
class WorklistTest {
    @TempDir Path dir;

    @BeforeEach void photos() throws IOException {
        for (String name : new String[] {"in/a.png", "in/B.JPG", "in/note.txt", "in/.hidden.png", "in/sub/c.tif", "in/sub/deep/d.bmp", "in/sub/noextension", "other/a.png"}) {
            Files.createDirectories(dir.resolve(name).getParent());
            Files.createFile(dir.resolve(name));
        }
    }

    private List<String> outputs(String format, String... inputs) {
        List<String> all = java.util.Arrays.stream(inputs).map(i -> dir + "/" + i).toList();
        return Worklist.of(all, dir.resolve("out"), format).stream().map(j -> dir.resolve("out").relativize(j.out()).toString()).toList();
    }

    @Test void foldersKeepTheirStructure() {
        assertThat(outputs(null, "in")).containsExactlyInAnyOrder("a.png", "B.JPG", "sub/c.tif", "sub/deep/d.png");
        assertThat(outputs("webp", "in")).containsExactlyInAnyOrder("a.webp", "B.webp", "sub/c.webp", "sub/deep/d.webp");
        assertThat(outputs(null, "in/sub/c.tif", "in/sub/noextension")).containsExactly("c.tif", "noextension.png");
    }

    @Test void patternsKeepTheStructureBelowTheirFixedPart() {
        assertThat(outputs(null, "in/**/*.{png,tif}")).containsExactlyInAnyOrder("a.png", "sub/c.tif");
        assertThat(outputs(null, "in/s*")).containsExactlyInAnyOrder("sub/c.tif", "sub/deep/d.png");
        assertThat(outputs(null, "in/*")).contains("a.png", "B.JPG", "sub/deep/d.png");
    }

    @Test void outputsAreNoInputs() throws IOException {
        Files.createDirectories(dir.resolve("in/restored"));
        Files.createFile(dir.resolve("in/restored/a.png"));
        assertThat(Worklist.of(List.of(dir + "/in"), dir.resolve("in/restored"), null)).hasSize(4);
        refused("is the folder of the photos", dir.resolve("in"), "in");
        refused("would replace a photo", dir.resolve("in"), "in/a.png");
    }

    @Test void photosOfOneNameKeepTheirExtensions() throws IOException {
        Files.createFile(dir.resolve("in/a.jpg"));
        assertThat(outputs("png", "in")).contains("a.png.png", "a.jpg.png", "B.png");
        assertThat(outputs(null, "in")).contains("a.png", "a.jpg");
        refused("would both be written to", dir.resolve("out"), "in", "other");
    }

    @Test void saysWhereThereIsNothing() throws IOException {
        refused("no photos in", dir.resolve("out"), "in/*.webp");
        Files.createDirectories(dir.resolve("empty"));
        refused("no photos in", dir.resolve("out"), "empty");
    }

    private void refused(String why, Path out, String... inputs) {
        List<String> all = java.util.Arrays.stream(inputs).map(i -> dir + "/" + i).toList();
        assertThatThrownBy(() -> Worklist.of(all, out, null)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }
}
