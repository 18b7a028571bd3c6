package dev.faithdiff.cli;

import com.google.gson.stream.JsonWriter;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.tensor.host.IoReason;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** A file of timed events in Chrome's trace format, which Perfetto reads, too. It gets its name when {@link #finish} is called. */
final class Trace implements AutoCloseable {
    private final Path file;
    private final OutputFile.Begun begun;
    private final JsonWriter json;
    private final long start = System.nanoTime();

    /** @throws dev.faithdiff.image.ImageError if the file cannot be written; later that is an UncheckedIOException */
    Trace(Path file) {
        this.file = file;
        begun = OutputFile.begin(file);
        json = new JsonWriter(new BufferedWriter(new OutputStreamWriter(begun.stream(), StandardCharsets.UTF_8)));
        try {
            json.beginObject().name("displayTimeUnit").value("ms").name("traceEvents").beginArray();
            named("process_name", "faithdiff");
            named("thread_name", Thread.currentThread().getName());
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private UncheckedIOException unwritable(IOException e) {
        return new UncheckedIOException(new IOException("cannot write " + file + ": " + IoReason.of(e), e));
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
            throw unwritable(e);
        }
    }

    void finish() {
        try {
            json.endArray().endObject().flush();
            begun.finish();
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    @Override public void close() { begun.close(); }
}
