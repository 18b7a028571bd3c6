package dev.faithdiff.quality.study;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The cells that are done, in a file that gets one line at a time. A process that is killed loses the line at hand, and no other. */
final class CellFile implements AutoCloseable {
    private static final Gson GSON = new Gson();

    private final Path file;
    private final Map<Cell.Key, Cell> cells = new LinkedHashMap<>();
    private final FileChannel lock;
    private final Writer out;

    /**
     * Goes on with a file, or begins one.
     *
     * @param retries whether cells that failed are taken out, to be done again
     * @throws ImageError if it cannot be written, or another process writes it
     */
    CellFile(Path file, boolean retries) {
        this.file = file;
        try {
            lock = FileChannel.open(file.resolveSibling(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw unwritable(e);
        }
        try {
            if (!isLocked()) throw new ImageError(file.toAbsolutePath().getParent() + ": another process is at this study");
            StringBuilder kept = new StringBuilder();
            for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
                Cell cell = cell(line);
                if (cell == null || retries && cell.failure() != null) continue;
                cells.put(cell.key(), cell);
                kept.append(line).append('\n');
            }
            OutputFile.write(file, kept.toString());
            out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
        } catch (IOException e) {
            close(lock);
            throw unwritable(e);
        } catch (RuntimeException e) {
            close(lock);
            throw e;
        }
    }

    private boolean isLocked() throws IOException {
        try {
            return lock.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /** Null for a line that was cut off. */
    private static Cell cell(String line) {
        try {
            Cell cell = GSON.fromJson(line, Cell.class);
            return cell == null || cell.key() == null || cell.values() == null || cell.missing() == null ? null : cell;
        } catch (JsonParseException e) {
            return null;
        }
    }

    void add(Cell cell) {
        cells.put(cell.key(), cell);
        try {
            out.write(GSON.toJson(cell) + "\n");
            out.flush();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    /** All cells that are done. */
    Map<Cell.Key, Cell> cells() { return cells; }

    private ImageError unwritable(IOException e) { return new ImageError("cannot write " + file + ": " + ImageFiles.reason(e), e); }

    @Override public void close() {
        close(out);
        close(lock);
    }

    private static void close(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception e) {
            return; // every line was flushed when it was written
        }
    }
}
