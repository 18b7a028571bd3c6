package dev.faithdiff;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.tukaani.xz.XZInputStream;

/** Stored outputs of the published implementation, read by name; files stay mapped until the test process ends. */
public final class Fixtures {
    private static final Map<String, Fixtures> OPEN = new ConcurrentHashMap<>();
    private static final Map<Path, Path> FOLDERS = new ConcurrentHashMap<>();

    private final String file;
    private final Map<String, Entry> entries;

    private Fixtures(String file, Map<String, Entry> entries) {
        this.file = file;
        this.entries = entries;
    }

    /** The set's folder: system property {@code fixtures.dir}, else the project's own. */
    private static Path dir() {
        String property = System.getProperty("fixtures.dir");
        return property == null || property.isBlank() ? own() : Path.of(property);
    }

    /** The project's folder {@code fixtures}, seen from the root or a module. */
    private static Path own() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("fixtures/README.md"))) return at.resolve("fixtures");
        }
        throw new AssertionError("there is no folder 'fixtures' above " + Path.of("").toAbsolutePath());
    }

    /** A file or folder such as {@code "rng/rng.json"}. A top folder that the set lacks, such as {@code keys}, is the project's own. */
    public static Path path(String relative) {
        Path group = Path.of(relative).getName(0);
        Path folder = FOLDERS.computeIfAbsent(group, g -> unpacked((Files.exists(dir().resolve(g)) ? dir() : own()).resolve(g)));
        return folder.resolve(group.relativize(Path.of(relative)));
    }

    /** The folder itself, or that into which its {@code data.zip.xz} is unpacked once, by the first test that asks. */
    private static Path unpacked(Path group) {
        Path zip = group.resolve("data.zip.xz");
        if (!Files.exists(zip)) return group;
        try {
            CRC32 sum = new CRC32();
            sum.update(Files.readAllBytes(zip));
            Path folder = own().resolveSibling("target/fixtures/%s-%08x".formatted(group.getFileName(), sum.getValue()));
            if (!Files.exists(folder)) unpack(zip, folder);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A class of its own, since a GPU's host has unpacked fixtures and no library for this. */
    private static final class Packed {
        static ZipInputStream open(Path zip) throws IOException { return new ZipInputStream(new XZInputStream(Files.newInputStream(zip))); }
    }

    /** Other processes may do the same at once: whoever is first has made the folder. */
    private static void unpack(Path zip, Path folder) throws IOException {
        Files.createDirectories(folder.getParent());
        Path part = Files.createTempDirectory(folder.getParent(), "part");
        try (ZipInputStream from = Packed.open(zip)) {
            for (ZipEntry e = from.getNextEntry(); e != null; e = from.getNextEntry()) {
                Path to = part.resolve(e.getName());
                Files.createDirectories(to.getParent());
                Files.copy(from, to);
            }
        }
        try {
            Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.exists(folder)) throw e;
        }
    }

    /** The names of the set's top folders. */
    public static List<String> groups() {
        try (Stream<Path> all = Files.list(dir())) {
            return all.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JSON file, such as {@code "rng/rng.json"}. */
    public static JsonObject json(String relative) {
        try {
            return JsonParser.parseString(Files.readString(path(relative))).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A safetensors file (or folder, or index), such as {@code "rng/cpu.safetensors"}. */
    @SuppressWarnings("resource")
    public static Fixtures open(String relative) {
        return OPEN.computeIfAbsent(relative, f -> new Fixtures(f, SafeTensors.open(path(f)).entries()));
    }

    public Set<String> names() { return entries.keySet(); }

    public boolean has(String name) { return entries.containsKey(name); }

    public Shape shape(String name) { return entry(name).shape(); }

    /** The file's own entry, for element types and raw bytes. */
    public Entry entry(String name) {
        Entry e = entries.get(name);
        if (e == null) throw new AssertionError(file + " has no tensor " + name + ", only " + entries.keySet());
        return e;
    }

    /** All elements of a tensor of any type, as floats. */
    public float[] floats(String name) {
        Entry e = entry(name);
        float[] values = new float[Math.toIntExact(e.shape().count())];
        for (int i = 0; i < values.length; i++) values[i] = e.dtype().get(e.data(), (long) i * e.dtype().bytes());
        return values;
    }

    /** All elements of an integer tensor. */
    public long[] longs(String name) {
        Entry e = entry(name);
        if (e.dtype().isFloating()) throw new AssertionError(file + ": " + name + " is " + e.dtype() + ", not integers");
        long[] values = new long[Math.toIntExact(e.shape().count())];
        for (int i = 0; i < values.length; i++) values[i] = e.dtype().getLong(e.data(), (long) i * e.dtype().bytes());
        return values;
    }

    /** A rank-4 tensor stored [N, C, H, W] in [N, H, W, C] order; the same turn takes a weight [O, I, kh, kw] to [O, kh, kw, I]. */
    public float[] nhwc(String name) {
        Shape s = shape(name);
        if (s.rank() != 4) throw new AssertionError(file + ": " + name + " has shape " + s + ", not four axes");
        float[] from = floats(name), to = new float[from.length];
        int channels = s.size(1), pixels = s.size(2) * s.size(3), at = 0;
        for (int n = 0; n < s.size(0); n++) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < channels; c++) to[at++] = from[(n * channels + c) * pixels + p];
            }
        }
        return to;
    }

    /** Fails unless every value is within {@code atol} of its expectation; NaN equals only NaN, an infinity only itself. */
    public static void assertClose(String what, float[] actual, float[] expected, double atol) {
        if (actual.length != expected.length) {
            throw new AssertionError(what + ": " + actual.length + " values, expected " + expected.length);
        }
        int wrong = 0, worst = -1;
        double largest = -1;
        for (int i = 0; i < actual.length; i++) {
            if (actual[i] == expected[i] || actual[i] != actual[i] && expected[i] != expected[i]) continue;
            double difference = Math.abs((double) actual[i] - expected[i]);
            if (difference <= atol && Float.isFinite(actual[i]) && Float.isFinite(expected[i])) continue;
            if (!(difference < Double.POSITIVE_INFINITY)) difference = Double.POSITIVE_INFINITY;
            wrong++;
            if (difference > largest) {
                largest = difference;
                worst = i;
            }
        }
        if (wrong > 0) {
            throw new AssertionError(what + ": " + wrong + " of " + actual.length + " values differ by more than " + atol
                    + "; worst at " + worst + ": " + actual[worst] + ", expected " + expected[worst]);
        }
    }

    /** A tensor of a fixture; four axes are N, C, H, W there and B, H, W, C here. */
    public static Tensor tensor(Fixtures f, String name) {
        Shape s = f.shape(name);
        if (s.rank() != 4) return Tensor.of(f.floats(name), s.toArray());
        return Tensor.of(f.nhwc(name), s.size(0), s.size(2), s.size(3), s.size(1));
    }

    public static void assertClose(String what, Tensor actual, Fixtures f, String name, double atol) {
        float[] expected = f.shape(name).rank() == 4 ? f.nhwc(name) : f.floats(name);
        assertClose(what, actual.toFloats(), expected, atol);
    }
}
