package dev.faithdiff.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Photos, captions, crops and batches. */
class LoaderTest {
    @TempDir private Path dir;

    @BeforeEach void photos() throws IOException {
        TinyRun.photos(dir, 3);
        TinyRun.photos(dir.resolve("more"), 2);
    }

    private Samples samples(long cacheBytes, long seed) {
        return new Samples(ImageFolder.open(dir, cacheBytes), null, TinyRun.run(dir, 1, 1, TinyRun.stage("lq", 1, "")).data(), true, seed);
    }

    @Test void captionsLieBesideTheirPhotos() throws IOException {
        Files.writeString(dir.resolve("photo0.txt"), " a wave\n");
        Files.writeString(dir.resolve("photo1.json"), "{\"caption\": \"two waves\"}");
        Files.writeString(dir.resolve("photo2.json"), "{\"caption\"");
        Files.writeString(dir.resolve("._photo0.png"), "another program's notes");
        ImageFolder folder = ImageFolder.open(dir, 0);
        assertThat(IntStream.range(0, folder.size()).mapToObj(i -> dir.relativize(folder.file(i)).toString()))
                .containsExactly("more/photo0.png", "more/photo1.png", "photo0.png", "photo1.png", "photo2.png");
        assertThat(folder.caption(0)).isEmpty();
        assertThat(folder.caption(2)).isEqualTo("a wave");
        assertThat(folder.caption(3)).isEqualTo("two waves");
        assertThatThrownBy(() -> folder.caption(4)).isInstanceOf(ImageError.class).hasMessageContaining("photo2.json");
        assertThatThrownBy(() -> ImageFolder.open(dir.resolve("none"), 0)).hasMessageContaining("there is no such folder");
        assertThatThrownBy(() -> ImageFolder.open(Files.createDirectory(dir.resolve("empty")), 0)).hasMessageContaining("there are no photos");
    }

    @Test void aSampleDependsOnSeedAndPlaceOnly() {
        List<Sample> there = IntStream.range(0, 12).mapToObj(i -> samples(1 << 20, 5).draw(i, 24)).toList();
        Samples other = samples(0, 5);
        for (int i = 11; i >= 0; i--) assertThat(other.draw(i, 24)).isEqualTo(there.get(i));
        assertThat(there.getFirst().degraded()).isNotEqualTo(there.getFirst().clean());
        assertThat(there.stream().map(Sample::clean).distinct()).hasSizeGreaterThan(9);
        assertThat(samples(0, 6).draw(0, 24)).isNotEqualTo(there.getFirst());
    }

    @Test void everyPhotoComesOnceARound() {
        Samples samples = samples(0, 1);
        for (int round = 0; round < 3; round++) {
            int first = 5 * round;
            Set<Image> whole = IntStream.range(0, 5).mapToObj(i -> unmirrored(samples.draw(first + i, 40).clean())).collect(Collectors.toSet());
            // The folder below holds copies of the first two.
            assertThat(whole).hasSize(3);
        }
    }

    /** A photo or its mirror image, whichever has the darker left corner. */
    private static Image unmirrored(Image in) {
        byte[] from = in.rgb(), to = new byte[from.length];
        for (int i = 0; i < from.length; i++) {
            int x = i / 3 % 40, y = i / 3 / 40;
            to[3 * (40 * y + 39 - x) + i % 3] = from[i];
        }
        return (from[0] & 0xff) <= (to[0] & 0xff) ? in : Image.of(40, 40, to);
    }

    @Test void batchesComeInOrderFromAnyStart() throws InterruptedException {
        try (Loader all = new Loader(samples(0, 2), 3, 0, k -> k, b -> 16 + 8 * (int) (b % 2));
                Loader later = new Loader(samples(0, 2), 3, 7, k -> k, b -> 16 + 8 * (int) (b % 2))) {
            for (int i = 0; i < 7; i++) assertThat(all.next()).hasSize(3).allMatch(s -> s.clean().width() % 8 == 0);
            for (int i = 0; i < 5; i++) assertThat(later.next()).isEqualTo(all.next());
            assertThat(all.waitNanos()).isPositive();
        }
        for (int i = 0; i < 500 && loaders() > 0; i++) Thread.sleep(10);
        assertThat(loaders()).as("threads left").isZero();
    }

    private static long loaders() { return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("loader-")).count(); }

    @Test void aBadPhotoIsNamed() throws IOException {
        Files.writeString(dir.resolve("bad.png"), "no photo");
        try (Loader loader = new Loader(samples(0, 2), 6, 0, k -> k, b -> 16)) {
            assertThatThrownBy(loader::next).isInstanceOf(ImageError.class).hasMessageContaining("bad.png");
        }
    }
}
