package dev.faithdiff.tensor.host;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;

/**
 * Files in the user's cache folder, which one process keeps for later ones. Each is whole or as it was before. Others may have put anything in its
 * place, and a process that finds such a thing goes on as if there were no file.
 */
public final class KeptFile {
    /** More bytes than any file that is read has; one that has more is damaged. */
    static final int MOST = 64 << 20;
    /** A part that nothing was written to for so long is of a process that was killed. */
    private static final Duration ABANDONED = Duration.ofHours(1);
    private static final String PART = "new", ENDING = ".part";

    private KeptFile() {}

    /** The bytes of a file; null if there is none, it cannot be read, or it is no plain file of at most 64 MB. */
    public static byte[] read(Path file) {
        try {
            return Files.isRegularFile(file) && Files.size(file) <= MOST ? Files.readAllBytes(file) : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Writes a file, and its folder if there is none. @throws IOException if it cannot be written */
    public static void write(Path file, byte[] content) throws IOException { write(file, new ByteArrayInputStream(content)); }

    /** Writes all of a stream to a file, as {@link #write(Path, byte[])} does. */
    public static void write(Path file, InputStream content) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        deleteAbandoned(folder);
        Path part = Files.createTempFile(folder, PART, ENDING);
        try {
            Files.copy(content, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void deleteAbandoned(Path folder) throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, PART + "*" + ENDING)) {
            for (Path part : parts) if (part.toFile().lastModified() < before.toEpochMilli()) Files.deleteIfExists(part);
        }
    }
}
