package dev.faithdiff.tensor.io;

import static dev.faithdiff.tensor.io.SafeTensorsError.quote;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The tensors of a safetensors file, or of all shards of an index, mapped into memory and checked before any is handed out.
 *
 * <p>Nothing is copied: an entry's data is a read-only view of the file, valid until {@link #close}. Files are not trusted:
 * whatever breaks the format (huggingface.co/docs/safetensors) is refused with a {@link SafeTensorsError}.
 */
public final class SafeTensors implements AutoCloseable {
    /** One tensor: its name, element type, shape and bytes (little-endian, row-major, read-only, unaligned). */
    public record Entry(String name, DType dtype, Shape shape, MemorySegment data) implements Source {
        @Override public void writeTo(WritableByteChannel out) throws IOException { Source.copy(data, out); }
    }

    private static final String SINGLE = ".safetensors";
    private static final String INDEX = ".safetensors.index.json", INDEX_FP16 = ".safetensors.index.fp16.json";

    private final Arena arena = Arena.ofShared();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafeTensors() { }

    /**
     * Opens a {@code .safetensors} file, all shards of an index ({@code .json}), or a model folder.
     *
     * <p>In a folder the published names count: {@code diffusion_pytorch_model}, then {@code model}; for each the fp16
     * index, the index, the fp16 file, the file - the half-precision variant first because the published pipeline loads
     * that one. A folder with none of these must hold exactly one index, or else exactly one {@code .safetensors} file.
     *
     * @throws SafeTensorsError if the file is missing, breaks the format, or disagrees with its index
     */
    public static SafeTensors open(Path fileOrFolderOrIndex) {
        Path path = Files.isDirectory(fileOrFolderOrIndex) ? find(fileOrFolderOrIndex) : fileOrFolderOrIndex;
        SafeTensors file = new SafeTensors();
        try {
            if (path.getFileName().toString().endsWith(".json")) file.addShards(path, ShardIndex.read(path));
            else file.add(SafeTensorsHeader.read(path, file.map(path)));
            return file;
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** Writes a file; see {@link SafeTensorsWriter}. */
    public static void write(Path file, Collection<? extends Source> tensors, Map<String, String> metadata) {
        SafeTensorsWriter.write(file, tensors, metadata);
    }

    /** The tensors in the order of their bytes in the file; shards follow one another in the order of the index. */
    public Map<String, Entry> entries() { return Collections.unmodifiableMap(entries); }

    /** The file's {@code __metadata__}; of shards the union, with the first value of each key. */
    public Map<String, String> metadata() { return Collections.unmodifiableMap(metadata); }

    /** Unmaps the files; using an entry's data afterwards is an IllegalStateException. */
    @Override public void close() { if (arena.scope().isAlive()) arena.close(); }

    private void add(SafeTensorsHeader header) {
        header.metadata().forEach(metadata::putIfAbsent);
        for (Entry e : header.entries()) entries.put(e.name(), e);
    }

    private void addShards(Path index, Map<String, String> shardOf) {
        for (String shard : new LinkedHashSet<>(shardOf.values())) {
            Path path = index.resolveSibling(shard);
            if (!Files.exists(path)) throw new SafeTensorsError(index, "shard " + quote(shard) + " is missing");
            SafeTensorsHeader header = SafeTensorsHeader.read(path, map(path));
            for (Entry e : header.entries()) {
                if (!shard.equals(shardOf.get(e.name()))) {
                    String reason = " is not given to this shard by " + index.getFileName();
                    throw new SafeTensorsError(path, "tensor " + quote(e.name()) + reason);
                }
            }
            add(header);
        }
        shardOf.forEach((name, shard) -> {
            if (!entries.containsKey(name)) {
                throw new SafeTensorsError(index, "tensor " + quote(name) + " is not in " + quote(shard));
            }
        });
    }

    private MemorySegment map(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new SafeTensorsError(path, Files.exists(path) ? "is not a regular file" : "does not exist");
        }
        try (FileChannel channel = FileChannel.open(path)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new SafeTensorsError(path, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private static Path find(Path folder) {
        for (String stem : new String[] {"diffusion_pytorch_model", "model"}) {
            for (String ending : new String[] {INDEX_FP16, INDEX, ".fp16" + SINGLE, SINGLE}) {
                Path path = folder.resolve(stem + ending);
                if (Files.exists(path)) return path;
            }
        }
        for (String ending : new String[] {INDEX, SINGLE}) {
            Path[] found = list(folder, ending);
            if (found.length == 1) return found[0];
            if (found.length > 1) throw new SafeTensorsError(folder, "holds " + found.length + " files *" + ending + "; name one of them");
        }
        throw new SafeTensorsError(folder, "holds no .safetensors file");
    }

    private static Path[] list(Path folder, String ending) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(p -> p.getFileName().toString().endsWith(ending)).toArray(Path[]::new);
        } catch (IOException e) {
            throw new SafeTensorsError(folder, "cannot be read: " + IoReason.of(e), e);
        }
    }
}
