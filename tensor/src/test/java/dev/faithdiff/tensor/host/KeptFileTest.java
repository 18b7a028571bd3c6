package dev.faithdiff.tensor.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class KeptFileTest {
    @TempDir private Path dir;

    @Test void whatIsKeptIsFound() throws IOException {
        Path file = dir.resolve("a/b/file");
        assertThat(KeptFile.read(file)).isNull();
        KeptFile.write(file, new byte[] {1, 2});
        KeptFile.write(file, new byte[] {3});
        assertThat(KeptFile.read(file)).containsExactly(3);
        assertThat(file.getParent()).isDirectoryContaining(f -> f.equals(file)).isDirectoryNotContaining(f -> !f.equals(file));
    }

    /** Nothing in the file's place stops a process: not one that waits for a writer, nor one that does not fit into memory. */
    @DisabledOnOs(OS.WINDOWS)
    @Timeout(60)
    @Test void whatIsNoSuchFileIsNone() throws Exception {
        Path pipe = dir.resolve("pipe"), loop = dir.resolve("loop"), huge = dir.resolve("huge");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        Files.createSymbolicLink(loop, loop);
        try (RandomAccessFile f = new RandomAccessFile(huge.toFile(), "rw")) {
            f.setLength(KeptFile.MOST + 1L);
        }
        for (Path p : new Path[] {dir, pipe, loop, huge}) assertThat(KeptFile.read(p)).as(p.toString()).isNull();
    }

    /** Where a file cannot be written, and where processes were killed while they wrote, nothing gathers. */
    @Test void nothingStaysOfAFileThatIsNotFinished() throws IOException {
        Path folder = Files.createDirectories(dir.resolve("file/x")).getParent();
        Path old = Files.createFile(dir.resolve("new1.part")), fresh = Files.createFile(dir.resolve("new2.part"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(4000)));
        assertThatThrownBy(() -> KeptFile.write(folder, new byte[1])).isInstanceOf(IOException.class);
        try (var left = Files.list(dir)) {
            assertThat(left).as("one may be at work").containsExactlyInAnyOrder(folder, fresh);
        }
    }

    @Test void aDamagedResultIsNone() throws IOException {
        DiskCache cache = new DiskCache(dir.resolve("cache"));
        byte[] content = {1, 2, 3};
        cache.keep("a key", ".x", content);
        cache.keepNamed("a name", ".x", content);
        Path file = cache.file("a key", ".x"), named = cache.file("a name", ".x");
        byte[] whole = Files.readAllBytes(file);
        for (int i = 0; i < whole.length; i++) {
            byte[] other = whole.clone();
            other[i] ^= 1;
            Files.write(file, other);
            assertThat(cache.find("a key", ".x")).isNull();
            Files.write(file, Arrays.copyOf(whole, i));
            assertThat(cache.find("a key", ".x")).isNull();
        }
        Files.write(file, whole);
        assertThat(cache.find("a key", ".x")).isEqualTo(content);
        assertThat(cache.findNamed("a name", ".x")).isEqualTo(content);
        Files.copy(file, named, StandardCopyOption.REPLACE_EXISTING);
        assertThat(cache.findNamed("a name", ".x")).as("another one's").isNull();
    }
}
