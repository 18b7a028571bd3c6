package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies at an output's path stays what it is: links, permissions, pipes, devices. */
class OutputFileTest {
    private static final Image IMAGE = Image.of(2, 1, new byte[] {1, 2, 3, 4, 5, 6});

    @TempDir Path folder;

    @Test void aLinkIsWrittenThrough() throws IOException {
        Path real = Files.createDirectory(folder.resolve("disk")).resolve("real.png"), near = folder.resolve("near.png"),
                far = folder.resolve("far.png");
        Files.createSymbolicLink(near, Path.of("disk/real.png"));
        Files.createSymbolicLink(far, near.toAbsolutePath());
        for (int k = 0; k < 2; k++) {
            ImageFiles.checkWritable(far);
            ImageFiles.write(IMAGE, far);
            assertThat(Files.isSymbolicLink(far) && Files.isSymbolicLink(near)).isTrue();
            assertThat(ImageFiles.read(real)).as("a missing target, then one that exists").isEqualTo(IMAGE);
        }
        assertThat(names(folder)).containsExactlyInAnyOrder("disk", "near.png", "far.png");
        assertThat(names(real.getParent())).containsExactly("real.png");
    }

    @Test void aCircleOfLinksIsNamed() throws IOException {
        Path a = folder.resolve("a.png"), b = folder.resolve("b.png");
        Files.createSymbolicLink(a, b);
        Files.createSymbolicLink(b, a);
        assertThatThrownBy(() -> ImageFiles.checkWritable(a)).isInstanceOf(ImageError.class).hasMessageContaining("circle");
        assertThatThrownBy(() -> ImageFiles.write(IMAGE, a)).isInstanceOf(ImageError.class).hasMessageContaining("circle");
    }

    @ParameterizedTest @ValueSource(strings = {"rw-------", "rw-rw-rw-", "rwxr-x---", "r--r-----"})
    void permissionsOfAReplacedFileAreKept(String permissions) throws IOException {
        Path file = Files.createFile(folder.resolve("a.png"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        ImageFiles.write(IMAGE, file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo(permissions);
        assertThat(ImageFiles.read(file)).isEqualTo(IMAGE);
    }

    @ParameterizedTest @ValueSource(strings = {"pipe.png", "pipe.jpg", "pipe.tif", "pipe.webp"})
    void aPipeIsWrittenInto(String name) throws Exception {
        Path pipe = folder.resolve(name);
        make("mkfifo", pipe.toString());
        ImageFiles.checkWritable(pipe);
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> bytes(pipe));
        ImageFiles.write(IMAGE, pipe);
        ImageFiles.write(IMAGE, folder.resolve("plain" + name));
        assertThat(read.get()).isEqualTo(Files.readAllBytes(folder.resolve("plain" + name)));
        assertThat(Files.isRegularFile(pipe)).isFalse();
    }

    @Test void aDeviceStaysOne() throws Exception {
        Path device = folder.resolve("null.png");
        make("mknod", device.toString(), "c", "1", "3");
        assumeTrue(canOpen(device), "devices may be used here");
        ImageFiles.checkWritable(device);
        ImageFiles.write(IMAGE, device);
        assertThat(Files.isRegularFile(device)).isFalse();
        assertThat(names(folder)).containsExactly("null.png");
    }

    @Test void whatIsWrittenBitByBitAppearsAtItsEnd() throws Exception {
        Path file = folder.resolve("trace.json"), link = folder.resolve("link.json"), pipe = folder.resolve("pipe");
        Files.createSymbolicLink(link, file);
        try (OutputFile.Begun begun = OutputFile.begin(link)) {
            begun.stream().write('a');
            assertThat(file).doesNotExist();
            begun.stream().write('b');
            begun.finish();
        }
        assertThat(file).hasContent("ab");
        try (OutputFile.Begun begun = OutputFile.begin(link)) {
            begun.stream().write('c');
        }
        assertThat(file).hasContent("ab");
        make("mkfifo", pipe.toString());
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> bytes(pipe));
        try (OutputFile.Begun begun = OutputFile.begin(pipe)) {
            begun.stream().write('d');
            begun.finish();
        }
        assertThat(read.get()).containsExactly('d');
        assertThat(names(folder)).containsExactlyInAnyOrder("trace.json", "link.json", "pipe");
    }

    @Test void aFullDeviceIsNamed() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full) && canOpen(full));
        for (ImageFormat format : new ImageFormat[] {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.TIFF, ImageFormat.WEBP}) {
            assertThatThrownBy(() -> ImageFiles.write(Photo.of(IMAGE), full, new Encoding(format))).as(format.name())
                    .isInstanceOf(ImageError.class).hasMessageContaining("No space left").hasMessageNotContaining("\n");
        }
    }

    @Test void namesMayHaveAllBytesThatTheSystemAllows() throws IOException {
        assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")), "names may have any letters here");
        Path latin = folder.resolve("a".repeat(251) + ".png"), cjk = folder.resolve("写".repeat(83) + ".png");
        for (Path file : List.of(latin, cjk)) {
            ImageFiles.checkWritable(file);
            ImageFiles.write(IMAGE, file);
            assertThat(ImageFiles.read(file)).isEqualTo(IMAGE);
        }
    }

    @Test void whatKilledProcessesLeaveIsDeleted() throws IOException {
        Path left = Files.createFile(folder.resolve(".faithdiff.999999999-1f.tmp")), other = Files.createFile(folder.resolve(".other.tmp"));
        ImageFiles.deleteUnfinished(folder);
        assertThat(left).doesNotExist();
        assertThat(other).exists();
    }

    @Test void aStreamGetsTheSameBytesAndStaysOpen() throws IOException {
        boolean[] closed = new boolean[1];
        var out = new ByteArrayOutputStream() {
            @Override public void close() { closed[0] = true; }
        };
        for (ImageFormat format : new ImageFormat[] {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.TIFF, ImageFormat.WEBP}) {
            out.reset();
            Path file = folder.resolve("a." + format.extension());
            ImageFiles.write(Photo.of(IMAGE), (OutputStream) out, new Encoding(format));
            ImageFiles.write(IMAGE, file);
            assertThat(out.toByteArray()).isEqualTo(Files.readAllBytes(file));
            assertThat(closed[0]).isFalse();
        }
    }

    @Test void sizesThatAFormatCannotHoldAreKnownBefore() {
        Path webp = folder.resolve("a.webp"), jpeg = folder.resolve("a.jpg");
        assertThatThrownBy(() -> ImageFiles.checkWritable(webp, Encoding.of(webp), 16800, 32)).isInstanceOf(ImageError.class)
                .hasMessage("cannot write " + webp + ": WEBP takes at most 16383 pixels a side, the image would be 16800x32");
        assertThatThrownBy(() -> ImageFiles.checkWritable(jpeg, Encoding.of(jpeg), 1, 65501)).isInstanceOf(ImageError.class)
                .hasMessageContaining("65500");
        ImageFiles.checkWritable(webp, Encoding.of(webp), 16383, 16383);
        ImageFiles.write(Image.of(65500, 1, new byte[3 * 65500]), jpeg);
        assertThat(ImageFiles.read(jpeg).width()).isEqualTo(65500);
    }

    private static void make(String... command) throws Exception {
        assumeTrue(new ProcessBuilder(command).start().waitFor() == 0, command[0] + " works here");
    }

    private static boolean canOpen(Path path) {
        try (OutputStream out = Files.newOutputStream(path)) {
            return out != null;
        } catch (IOException e) {
            return false;
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }
}
