package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors of a safetensors file, index or folder in host memory. They stay mapped, and of a large file the {@link RecentPages} are in
 * memory; only kernels larger than 1x1 are copied, to permute them.
 */
public final class FileWeights implements WeightSource {
    private final Path path;
    private final SafeTensors file;
    private final Map<String, Held> held = new LinkedHashMap<>();
    private final Map<String, Storage> mapped = new HashMap<>();
    private final RecentPages pages;

    /** @throws dev.faithdiff.tensor.io.SafeTensorsError if the file is missing or breaks the format */
    public FileWeights(Path path) { this(path, RecentPages.ofFile()); }

    /** All of whose pages stay in memory once they were used: for a network that reads them again and again. */
    public static FileWeights kept(Path path) { return new FileWeights(path, new RecentPages(Long.MAX_VALUE, 0)); }

    private FileWeights(Path path, RecentPages pages) {
        this.path = path;
        this.pages = pages;
        file = SafeTensors.open(path);
        file.entries().forEach((key, e) -> held.put(key, new Held(e.shape(), e.dtype())));
    }

    /** How many of so many bytes stay in memory once they were used. */
    long stay(long bytes) { return pages.stay(bytes); }

    @Override public String name() { return path.toString(); }

    @Override public Map<String, Held> held() { return Collections.unmodifiableMap(held); }

    /** The text entries of the file's header. */
    Map<String, String> metadata() { return file.metadata(); }

    @Override public Tensor get(String key, Init init, Shape shape) {
        SafeTensors.Entry e = file.entries().get(key);
        Storage storage = mapped.computeIfAbsent(key, k -> Storage.mapped(e.data(), () -> pages.used(e.data())));
        return Layout.toLayer(new Tensor(storage, 0, e.shape(), e.dtype(), key));
    }

    @Override public void close() {
        mapped.values().forEach(Storage::forget);
        pages.end();
        file.close();
    }
}
