package dev.faithdiff.spark;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A machine's own disk on which one task stands still: the first that reads a photo to restore it, while the file of the property {@code fs.stand}
 * is there. It renames that file to say its process, and goes on when the renamed file is deleted.
 */
public final class StandingDisk extends LocalFileSystem {
    static final String PROPERTY = "fs.stand";

    public StandingDisk() {
        super(new RawLocalFileSystem() {
            @Override public FSDataInputStream open(Path path, int bytes) throws IOException {
                boolean restores = StackWalker.getInstance().walk(s -> s.anyMatch(f -> f.getClassName().endsWith(".PhotoRestoring")));
                if (restores) stand(java.nio.file.Path.of(getConf().get(PROPERTY)));
                return super.open(path, bytes);
            }
        });
    }

    private static void stand(java.nio.file.Path file) throws IOException {
        java.nio.file.Path own = standing(file, ProcessHandle.current().pid());
        try {
            Files.move(file, own, StandardCopyOption.ATOMIC_MOVE);
            while (Files.exists(own)) Thread.sleep(10);
        } catch (NoSuchFileException e) {
            // Another stands, or none shall.
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
    }

    /** The file that says that a process stands. */
    static java.nio.file.Path standing(java.nio.file.Path file, long process) { return file.resolveSibling(file.getFileName() + "." + process); }
}
