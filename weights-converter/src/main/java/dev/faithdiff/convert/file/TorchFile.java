package dev.faithdiff.convert.file;

import dev.faithdiff.convert.file.TorchTensor.TorchStorage;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.host.IoReason;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors of a file that torch.save wrote, mapped into memory: in the zip format (PyTorch 1.6 and later) or in the one before it; or those of an
 * archive of TorchScript, whose code is not read.
 *
 * <p>Opening a file reads only what describes its tensors; their elements are read when they are written elsewhere. Nothing in the file is
 * executed or trusted. Source: torch/serialization.py, {@code _save} and {@code _legacy_save}.
 */
public final class TorchFile implements AutoCloseable {
    /** One tensor under its name: the keys of nested dicts and lists joined by dots. */
    public record Entry(String name, TorchTensor tensor) implements Source {
        @Override public DType dtype() { return tensor.dtype(); }

        @Override public Shape shape() { return tensor.shape(); }

        @Override public void writeTo(WritableByteChannel out) throws IOException { tensor.writeTo(out); }
    }

    /** The name of the tensor of a file that holds nothing else. */
    public static final String BARE = "tensor";
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final int DEEPEST = 32, MOST_VALUES = 1_000_000, LONGEST_NAME = 1024;

    private final Arena arena = Arena.ofShared();
    private final Path path;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private int values;

    private TorchFile(Path path) { this.path = path; }

    /** @throws ConvertError if the file is missing, damaged, or asks for anything but tensors and containers */
    public static TorchFile open(Path path) {
        TorchFile file = new TorchFile(path);
        try {
            MemorySegment in = file.map();
            boolean zip = in.byteSize() >= 4 && in.get(DType.INT, 0) == 0x04034b50;
            Object root = zip ? file.readZip(in) : file.readLegacy(in);
            if (root instanceof TorchTensor) root = Map.of(BARE, root);
            if (!(root instanceof Map)) throw file.error("holds a " + Pickle.kind(root) + ", not a dict of tensors");
            file.flatten("", root, 0);
            return file;
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** All tensors by name, in the order of the file's dicts. */
    public Map<String, Entry> entries() { return Collections.unmodifiableMap(entries); }

    /** Unmaps the file; writing an entry afterwards is an IllegalStateException. */
    @Override public void close() { arena.close(); }

    private MemorySegment map() {
        if (!Files.isRegularFile(path)) throw new ConvertError(path, Files.exists(path) ? "is not a regular file" : "does not exist");
        try (FileChannel channel = FileChannel.open(path)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new ConvertError(path, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private Object readZip(MemorySegment in) {
        Map<String, MemorySegment> zip = StoredZip.entries(path, in);
        List<String> pickles = zip.keySet().stream().filter(n -> n.endsWith("/data.pkl") && n.indexOf('/') == n.lastIndexOf('/')).toList();
        if (pickles.size() != 1) throw error("is a zip archive but not one of torch.save: it has " + pickles.size() + " entries */data.pkl");
        String folder = pickles.getFirst().substring(0, pickles.getFirst().length() - "data.pkl".length());
        MemorySegment order = zip.get(folder + "byteorder");
        if (order != null && order.byteSize() == 3) throw error("was written on a big-endian machine, which is not supported");

        TorchGlobals torch = new TorchGlobals(path);
        Object root = new Pickle(path, zip.get(pickles.getFirst()), 0, torch).read();
        for (TorchStorage s : torch.storages().values()) {
            s.data = zip.get(folder + "data/" + s.key);
            if (s.data == null) throw error(s, "is missing");
            if (s.data.byteSize() != s.bytes()) throw error(s, "claims " + s.bytes() + " bytes but has " + s.data.byteSize());
        }
        return root;
    }

    /** Five pickles (magic number, protocol, machine, content, keys of storages), then each storage as a count and its elements. */
    private Object readLegacy(MemorySegment in) {
        if (in.byteSize() < 2 || (in.get(ValueLayout.JAVA_BYTE, 0) & 0xff) != 0x80) throw error(notTorch(in));
        TorchGlobals torch = new TorchGlobals(path);
        Object[] parts = new Object[5];
        long at = 0;
        for (int i = 0; i < parts.length; i++) {
            Pickle pickle = new Pickle(path, in, at, torch);
            parts[i] = pickle.read();
            at = pickle.end();
            if (i == 0 && !MAGIC.equals(parts[0])) throw error("is a pickle but not a file of torch.save");
        }
        if (parts[2] instanceof Map<?, ?> machine && Boolean.FALSE.equals(machine.get("little_endian"))) {
            throw error("was written on a big-endian machine, which is not supported");
        }
        if (!(parts[4] instanceof List<?> keys)) throw error("has no list of storages");
        for (Object key : keys) {
            TorchStorage s = key instanceof String ? torch.storages().get(key) : null;
            if (s == null || s.data != null) throw error("lists a storage that no tensor uses, or one twice");
            if (in.byteSize() - at < 8 || s.bytes() > in.byteSize() - at - 8) throw error(s, "passes the end of the file: truncated?");
            if (in.get(DType.LONG, at) != s.count) throw error(s, "claims " + s.count + " elements but has " + in.get(DType.LONG, at));
            s.data = in.asSlice(at + 8, s.bytes());
            at += 8 + s.bytes();
        }
        for (TorchStorage s : torch.storages().values()) if (s.data == null) throw error(s, "is missing");
        return parts[3];
    }

    private static String notTorch(MemorySegment in) {
        String start = new String(in.asSlice(0, Math.min(64, in.byteSize())).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        if (start.startsWith("version https://git-lfs")) return "is a Git LFS pointer; fetch the file itself (git lfs pull)";
        return "is not a file of torch.save";
    }

    /** A container that holds itself ends at the depth limit, one that is shared many times at the count limit. */
    private void flatten(String name, Object value, int depth) {
        if (++values > MOST_VALUES) throw error("holds more than " + MOST_VALUES + " values");
        if (depth > DEEPEST || name.length() > LONGEST_NAME) throw error("is nested too deeply or has names that are too long");
        String prefix = depth == 0 ? "" : name + ".";
        switch (value) {
            case TorchTensor t -> {
                if (entries.put(name, new Entry(name, t)) != null) throw error("has two tensors named " + ModelError.clean(name));
            }
            case Map<?, ?> m -> m.forEach((k, v) -> flatten(prefix + k, v, depth + 1));
            case List<?> l -> {
                for (int i = 0; i < l.size(); i++) flatten(prefix + i, l.get(i), depth + 1);
            }
            case null, default -> { }
        }
    }

    private ConvertError error(TorchStorage s, String reason) { return error("storage " + ModelError.clean(s.key) + " " + reason); }

    private ConvertError error(String reason) { return new ConvertError(path, reason); }
}
