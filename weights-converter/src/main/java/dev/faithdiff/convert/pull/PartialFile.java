package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.SmallFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/** What there is of a file that is being fetched: {@code FILE.part}, and in {@code FILE.etag} whence, in which version. */
record PartialFile(Path file) {
    private static final int CHUNK = 1 << 18;

    Path path() { return beside(".part"); }

    private Path etag() { return beside(".etag"); }

    private Path beside(String ending) { return file.resolveSibling(file.getFileName() + ending); }

    long size() { return path().toFile().length(); }

    /** The ETag under which the part was fetched from this address; null if it came from elsewhere or had none. */
    String etagFrom(URI address) {
        if (!Files.exists(etag())) return null;
        String[] lines = SmallFile.text(etag()).split("\n");
        return lines.length == 2 && lines[0].equals(address.toString()) ? lines[1] : null;
    }

    /** Begins anew. @param etag of the version to be fetched, or null */
    void begin(URI address, String etag) throws IOException {
        delete();
        Files.createDirectories(file.toAbsolutePath().getParent());
        boolean isStrong = etag != null && !etag.startsWith("W/");
        if (isStrong) Files.writeString(etag(), address + "\n" + etag);
    }

    /** Adds all of a stream. Each chunk is in the file when the next is read, so that nothing is lost when the program ends. */
    void append(InputStream in, LongConsumer progress) throws IOException {
        byte[] chunk = new byte[CHUNK];
        try (FileChannel out = FileChannel.open(path(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (int n; (n = in.read(chunk)) >= 0; ) {
                for (ByteBuffer b = ByteBuffer.wrap(chunk, 0, n); b.hasRemaining(); ) out.write(b);
                progress.accept(out.size());
            }
        }
    }

    /** All of it is there. */
    void finish() throws IOException {
        Files.move(path(), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(etag());
    }

    void delete() throws IOException {
        Files.deleteIfExists(path());
        Files.deleteIfExists(etag());
    }
}
