package dev.faithdiff.server.job;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Restorations and their files, which survive the process: a database (H2) of one row each, and a folder of files for each. A file appears whole, and
 * a row says that it is done only after its files are there.
 */
public final class RestorationStore implements AutoCloseable {
    /** A photo as it came, its small picture, and its result. */
    public static final String PHOTO = "photo", SMALL = "small.jpg", RESULT = "result.png";
    private static final String DATABASE = "restorations";
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();
    private static final String COLUMNS = "id CHAR(24) PRIMARY KEY, created BIGINT, ended BIGINT, bytes BIGINT, facts CHARACTER LARGE OBJECT";
    /**
     * Old rows are kept for a second, not for 45: else the file grows without end where much changes. Facts lie in their rows, since H2 keeps an
     * old text that lies elsewhere for minutes. The cache has 8 MB, not a sixteenth of the heap. Rows are never moved together: the file uses its own
     * free space again, and H2's compaction has failed in closing.
     */
    private static final String SETTINGS = ";RETENTION_TIME=1000;MAX_LENGTH_INPLACE_LOB=65536;CACHE_SIZE=8192;DB_CLOSE_ON_EXIT=FALSE"
        + ";MAX_COMPACT_TIME=0;AUTO_COMPACT_FILL_RATE=0";

    private final Path folder;
    private final FileChannel lock;
    private final Connection database;

    /** @throws IllegalStateException in one line if another server uses the folder, or it cannot be used */
    public RestorationStore(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder.resolve("jobs"));
            lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!isFree(lock)) throw new IllegalStateException("another server uses the folder " + folder);
            requireDatabase();
            deleteAll(temporary());
            Files.createDirectories(temporary());
            database = DriverManager.getConnection("jdbc:h2:file:" + folder.toAbsolutePath().resolve(DATABASE) + SETTINGS);
            try (Statement s = database.createStatement()) {
                s.execute("CREATE TABLE IF NOT EXISTS restorations (" + COLUMNS + ")");
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot use the folder " + folder + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IllegalStateException("cannot use the folder " + folder + ": " + IoReason.of(e), e);
        }
    }

    /** A new database would list none of the results that are there, and what no row speaks of is deleted. */
    private void requireDatabase() throws IOException {
        if (folder.resolve(DATABASE + ".mv.db").toFile().length() > 0) return;
        try (Stream<Path> jobs = Files.list(folder.resolve("jobs"))) {
            if (jobs.findAny().isEmpty()) return;
        }
        lock.close();
        throw new IllegalStateException("cannot use the folder " + folder + ": its database is gone, but there are restorations in its folder "
                + "'jobs': move or delete them");
    }

    private static boolean isFree(FileChannel file) throws IOException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // this process's own
        }
    }

    /** A folder for what lasts no longer than a request; empty at the start. */
    public Path temporary() { return folder.resolve("tmp"); }

    /** A file of a restoration. */
    public Path file(String id, String name) { return folder.resolve("jobs").resolve(id).resolve(name); }

    /** Writes a file whole or not at all. */
    void write(String id, String name, byte[] content) throws IOException {
        Path file = file(id, name), part = file.resolveSibling(name + ".part");
        Files.createDirectories(file.getParent());
        Files.write(part, content);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    synchronized void put(Restoration r) {
        try (PreparedStatement s = database.prepareStatement("MERGE INTO restorations (id, created, ended, bytes, facts) VALUES (?, ?, ?, ?, ?)")) {
            s.setString(1, r.id());
            s.setLong(2, r.created());
            s.setLong(3, r.ended());
            s.setLong(4, bytes(r.id()));
            s.setString(5, GSON.toJson(r));
            s.executeUpdate();
            flush();
        } catch (SQLException e) {
            throw new IllegalStateException("cannot write the database in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** What was changed is in the file when this returns, so that a killed process does not lose it. */
    private void flush() throws SQLException {
        try (Statement s = database.createStatement()) {
            s.execute("CHECKPOINT");
        }
    }

    /** Null if there is none. */
    public Restoration get(String id) {
        List<Restoration> found = select("WHERE id = ?", id);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** The newest first. @param before milliseconds since 1970 */
    public List<Restoration> list(int most, long before) { return select("WHERE created < ? ORDER BY created DESC, id LIMIT ?", before, most); }

    /** Those that have not ended, the oldest first. */
    List<Restoration> open() { return select("WHERE ended = 0 ORDER BY created, id"); }

    /** Those that ended, the oldest first, which ended before a time or are beyond the room that all may take. @param bytes of that room */
    synchronized List<Restoration> expired(long before, long bytes) {
        List<Restoration> ended = select("WHERE ended > 0 ORDER BY ended DESC"), expired = new ArrayList<>();
        long sum = 0;
        for (Restoration r : ended) {
            sum += bytes(r.id());
            if (r.ended() < before || sum > bytes) expired.addFirst(r);
        }
        return expired;
    }

    private synchronized List<Restoration> select(String which, Object... values) {
        try (PreparedStatement s = database.prepareStatement("SELECT facts FROM restorations " + which)) {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
            List<Restoration> found = new ArrayList<>();
            try (ResultSet rows = s.executeQuery()) {
                while (rows.next()) found.add(GSON.fromJson(rows.getString(1), Restoration.class));
            }
            return found;
        } catch (SQLException e) {
            throw new IllegalStateException("cannot read the database in " + folder + ": " + e.getMessage(), e);
        }
    }

    synchronized void delete(String id) {
        try (PreparedStatement s = database.prepareStatement("DELETE FROM restorations WHERE id = ?")) {
            s.setString(1, id);
            s.executeUpdate();
            flush();
            deleteAll(folder.resolve("jobs").resolve(id));
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("cannot delete " + id + " in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Deletes folders that no row speaks of, which a killed process left. */
    void deleteStrays() {
        try (Stream<Path> all = Files.list(folder.resolve("jobs"))) {
            for (Path f : all.toList()) if (get(f.getFileName().toString()) == null) deleteAll(f);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long bytes(String id) {
        Path own = folder.resolve("jobs").resolve(id);
        if (!Files.isDirectory(own)) return 0;
        try (Stream<Path> files = Files.list(own)) {
            return files.mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            return 0;
        }
    }

    private static void deleteAll(Path path) throws IOException {
        if (!Files.exists(path)) return;
        try (Stream<Path> all = Files.walk(path)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(p);
        }
    }

    @Override public synchronized void close() {
        try (lock) {
            database.close();
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("cannot close the database in " + folder + ": " + e.getMessage(), e);
        }
    }
}
