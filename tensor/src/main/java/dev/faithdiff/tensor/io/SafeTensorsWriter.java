package dev.faithdiff.tensor.io;

import static dev.faithdiff.tensor.io.SafeTensorsError.quote;

import com.google.gson.stream.JsonWriter;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes safetensors files, the same bytes for the same tensors: metadata by key, tensors by element type and then by name,
 * as the format's reference writer does, the header padded with spaces to a multiple of 8.
 *
 * <p>Each tensor's bytes are requested when the writer reaches it. The file appears whole or not at all: it is written under a temporary name
 * beside its target, forced to disk and moved into place.
 */
final class SafeTensorsWriter {
    private static final List<DType> ORDER = List.of(DType.I64, DType.F64, DType.F32, DType.I32, DType.BF16, DType.F16, DType.I16,
            DType.F8_E4M3, DType.F8_E5M2, DType.I8, DType.U8, DType.BOOL);

    private SafeTensorsWriter() { }

    /** @throws SafeTensorsError if a name is used twice, a source gives the wrong number of bytes, or writing fails */
    static void write(Path file, Collection<? extends Source> tensors, Map<String, String> metadata) {
        List<? extends Source> sorted = tensors.stream()
                .sorted(Comparator.comparingInt((Source t) -> ORDER.indexOf(t.dtype())).thenComparing(Source::name)).toList();
        Path folder = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) throw new SafeTensorsError(file, "cannot be written: its folder does not exist");
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid() + "-"
                + Long.toHexString(System.nanoTime()) + ".tmp"); // names the process, as all output does, so that what a killed one left is known
        try {
            byte[] header = header(file, sorted, metadata);
            temporary.toFile().deleteOnExit(); // an interrupted process leaves nothing either
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, header.length);
                Exactly exactly = new Exactly(out);
                exactly.write(length);
                exactly.write(ByteBuffer.wrap(header));
                for (Source t : sorted) {
                    exactly.left = bytes(t);
                    t.writeTo(exactly);
                    if (exactly.left != 0) {
                        throw new SafeTensorsError(file, "tensor " + quote(t.name()) + " gave " + exactly.left + " bytes too few");
                    }
                }
                out.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            force(folder);
        } catch (IOException e) {
            throw new SafeTensorsError(file, "cannot be written: " + IoReason.of(e), e);
        } finally {
            delete(temporary);
        }
    }

    private static long bytes(Source t) { return Math.multiplyExact(t.shape().count(), (long) t.dtype().bytes()); }

    private static byte[] header(Path file, List<? extends Source> tensors, Map<String, String> metadata) throws IOException {
        StringWriter text = new StringWriter();
        Set<String> names = new HashSet<>(Set.of(SafeTensorsHeader.METADATA));
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            if (!metadata.isEmpty()) {
                out.name(SafeTensorsHeader.METADATA).beginObject();
                for (var e : new TreeMap<>(metadata).entrySet()) out.name(e.getKey()).value(e.getValue());
                out.endObject();
            }
            long at = 0;
            for (Source t : tensors) {
                if (!names.add(t.name())) throw new SafeTensorsError(file, "tensor name " + quote(t.name()) + " is taken");
                out.name(t.name()).beginObject().name("dtype").value(t.dtype().name()).name("shape").beginArray();
                for (int size : t.shape().toArray()) out.value(size);
                long end = at + bytes(t);
                out.endArray().name("data_offsets").beginArray().value(at).value(end).endArray().endObject();
                at = end;
            }
            out.endObject();
        }
        byte[] json = text.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(json, Math.ceilDiv(json.length, 8) * 8);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    /** Forces the new name to disk, on systems that let a folder be opened. */
    private static void force(Path folder) {
        try (FileChannel f = FileChannel.open(folder)) {
            f.force(true);
        } catch (IOException e) {
            return;
        }
    }

    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            return; // the failure that brought us here is the one to report
        }
    }

    /** Passes on no more bytes than are left of the current part. */
    private static final class Exactly implements WritableByteChannel {
        private final FileChannel out;
        private long left = Long.MAX_VALUE;

        Exactly(FileChannel out) { this.out = out; }

        @Override public int write(ByteBuffer bytes) throws IOException {
            if (bytes.remaining() > left) throw new IOException("a tensor gave more bytes than its shape has");
            int n = 0;
            while (bytes.hasRemaining()) n += out.write(bytes);
            left -= n;
            return n;
        }

        @Override public boolean isOpen() { return out.isOpen(); }

        @Override public void close() { }
    }
}
