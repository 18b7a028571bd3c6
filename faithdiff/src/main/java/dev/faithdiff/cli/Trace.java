package dev.faithdiff.cli;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/** A file of timed events in Chrome's trace format, which Perfetto reads, too. It gets its name when {@link #finish} is called. */
final class Trace implements AutoCloseable {
    private final Path file, unfinished;
    private final JsonWriter json;
    private final long start = System.nanoTime();

    /** @throws IllegalStateException if the file cannot be written */
    Trace(Path file) {
        this.file = file;
        unfinished = file.resolveSibling("." + file.getFileName() + "." + Long.toHexString(start) + ".tmp");
        if (Files.isDirectory(file)) throw new IllegalStateException("cannot write " + file + ": it is a folder");
        try {
            json = new JsonWriter(Files.newBufferedWriter(unfinished));
            json.beginObject().name("displayTimeUnit").value("ms").name("traceEvents").beginArray();
            named("process_name", "faithdiff");
            named("thread_name", Thread.currentThread().getName());
        } catch (IOException e) {
            throw new IllegalStateException("cannot write " + file + ": its folder does not exist or is protected", e);
        }
    }

    private void named(String what, String name) throws IOException {
        json.beginObject().name("name").value(what).name("cat").value("__metadata").name("ph").value("M").name("pid").value(1).name("tid").value(1);
        json.name("args").beginObject().name("name").value(name).endObject().endObject();
    }

    /** Adds work between two times of System.nanoTime. Work within other work is drawn below it. */
    void span(String name, String category, long begin, long end, Map<String, Object> details) {
        event(name, category, "X", begin, end, details);
    }

    /** Adds a quantity that holds from now on. */
    void counter(String name, double value) {
        long now = System.nanoTime();
        event(name, "memory", "C", now, now, Map.of(name, value));
    }

    private void event(String name, String category, String phase, long begin, long end, Map<String, Object> details) {
        try {
            json.beginObject().name("name").value(name).name("cat").value(category).name("ph").value(phase).name("pid").value(1).name("tid").value(1);
            json.name("ts").value((begin - start) / 1e3);
            if (phase.equals("X")) json.name("dur").value((end - begin) / 1e3);
            json.name("args").beginObject();
            for (Map.Entry<String, Object> e : details.entrySet()) {
                if (e.getValue() instanceof Number n) json.name(e.getKey()).value(n);
                else json.name(e.getKey()).value(e.getValue().toString());
            }
            json.endObject().endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void finish() {
        try {
            json.endArray().endObject().close();
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override public void close() {
        try {
            json.close();
        } catch (IOException | IllegalStateException e) {
            // Left unfinished by a failure of its own, which is the one to tell of.
        }
        unfinished.toFile().delete();
    }
}
