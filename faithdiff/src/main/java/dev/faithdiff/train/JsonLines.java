package dev.faithdiff.train;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A file to which records are appended, one JSON object a line, in the order of the run's steps. */
final class JsonLines<T extends JsonLines.AtStep> implements AutoCloseable {
    /** A record that belongs to a step of the run. */
    interface AtStep {
        long total();
    }

    private static final Gson GSON = new Gson();

    private final Path file;
    private final List<T> records = new ArrayList<>();
    private final Writer out;

    /** Continues a file after a step. Later records, of a killed run, are deleted. */
    JsonLines(Path file, Class<T> type, long lastStep) {
        this.file = file;
        try {
            for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
                T record = record(line, type);
                if (record == null || record.total() > lastStep) break;
                records.add(record);
            }
            OutputFile.write(file, records.stream().map(r -> GSON.toJson(r) + "\n").collect(Collectors.joining()));
            out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + file + ": " + IoReason.of(e), e));
        }
    }

    /** Null for a line that was cut off. */
    private static <T> T record(String line, Class<T> type) {
        try {
            return GSON.fromJson(line, type);
        } catch (JsonParseException e) {
            return null;
        }
    }

    void add(T record) {
        records.add(record);
        try {
            out.write(GSON.toJson(record) + "\n");
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + file + ": " + IoReason.of(e), e));
        }
    }

    /** All records of the run so far. */
    List<T> records() { return records; }

    @Override public void close() {
        try {
            out.close();
        } catch (IOException e) {
            return; // every line was flushed when it was written
        }
    }
}
