package dev.faithdiff;

import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The small model of several steps, and copies of it that were damaged on purpose. */
final class PatchedModel {
    static final Path SMALL = Path.of(System.getProperty("faithdiff.model"));

    private PatchedModel() {}

    static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(f).toString());
                Files.createDirectories(target.getParent());
                Files.copy(f, target);
            }
        }
        return to;
    }

    /** Gives every element of some tensors of a file a value. */
    static void fill(Path file, Predicate<String> names, float value) {
        rewrite(file, e -> {
            if (!names.test(e.name())) return e;
            MemorySegment data = MemorySegment.ofArray(new byte[(int) e.data().byteSize()]);
            for (long i = 0; i < e.shape().count(); i++) e.dtype().set(data, i * e.dtype().bytes(), value);
            return Source.of(e.name(), e.dtype(), e.shape(), () -> data);
        });
    }

    /** Takes tensors out of a file. */
    static void remove(Path file, Predicate<String> names) { rewrite(file, e -> names.test(e.name()) ? null : e); }

    private interface Change {
        Source of(SafeTensors.Entry e);
    }

    private static void rewrite(Path file, Change change) {
        try (SafeTensors in = SafeTensors.open(file)) {
            List<Source> out = new ArrayList<>();
            for (SafeTensors.Entry e : in.entries().values()) {
                Source s = change.of(e);
                if (s != null) out.add(s);
            }
            SafeTensors.write(file, out, in.metadata());
        }
    }

    /** Changes a text file. */
    static void edit(Path file, UnaryOperator<String> change) throws IOException { Files.writeString(file, change.apply(Files.readString(file))); }
}
