package dev.faithdiff.convert.file;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The entries of a mapped zip archive that torch.save wrote, which stores them uncompressed.
 *
 * <p>Sizes and offsets are not trusted: entries that are compressed, encrypted, out of range or overlapping are refused. Checksums are not
 * computed, since files have many gigabytes. Source: PKWARE APPNOTE.TXT, 4.3 (structure) and 4.5.3 (zip64).
 */
final class StoredZip {
    private static final int LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50, END64 = 0x06064b50, LOCATOR64 = 0x07064b50;
    private static final long UNKNOWN = 0xffff_ffffL;
    /** Where TorchScript keeps code, the only entries that it compresses. They are left out. */
    private static final String CODE = "/code/";

    private record Span(String name, long begin, long end) { }

    private final Path path;
    private final MemorySegment in;
    private final Map<String, MemorySegment> entries = new LinkedHashMap<>();
    private final List<Span> spans = new ArrayList<>();

    private StoredZip(Path path, MemorySegment in) {
        this.path = path;
        this.in = in;
    }

    /** Contents by name, in the order of the archive's directory. */
    static Map<String, MemorySegment> entries(Path path, MemorySegment in) {
        StoredZip zip = new StoredZip(path, in);
        zip.read();
        return Collections.unmodifiableMap(zip.entries);
    }

    private void read() {
        long end = findEnd();
        long count = u16(end + 10), size = u32(end + 12), begin = u32(end + 16), limit = end;
        if (end >= 20 && i32(end - 20) == LOCATOR64) {
            limit = u64(end - 20 + 8);
            if (i32(limit) != END64) throw error("has no zip64 directory where it says so");
            count = u64(limit + 32);
            size = u64(limit + 40);
            begin = u64(limit + 48);
        }
        if (begin < 0 || size < 0 || begin > limit - size) throw error("has a directory that passes its end");
        long at = begin, read = 0;
        for (; at < begin + size; read++) at = entry(at, begin + size, begin);
        if (read != count) throw error("claims " + count + " entries but lists " + read);
        spans.sort(Comparator.comparingLong(Span::begin));
        for (int i = 1; i < spans.size(); i++) {
            if (spans.get(i).begin < spans.get(i - 1).end) throw error("entry " + spans.get(i).name + " overlaps " + spans.get(i - 1).name);
        }
    }

    /** The end record is the last one; only a comment of at most 65535 bytes may follow it. */
    private long findEnd() {
        long size = in.byteSize();
        for (long at = size - 22; at >= Math.max(0, size - 22 - 0xffff); at--) {
            if (i32(at) == END && at + 22 + u16(at + 20) == size) return at;
        }
        throw error("is a zip archive without its end: truncated?");
    }

    /** Reads one entry of the directory and returns where the next begins. */
    private long entry(long at, long end, long dataEnd) {
        if (i32(at) != CENTRAL) throw error("has a damaged directory at byte " + at);
        int flags = u16(at + 8), method = u16(at + 10), nameLength = u16(at + 28), extraLength = u16(at + 30);
        long next = at + 46 + nameLength + extraLength + u16(at + 32);
        if (next > end) throw error("has an entry that passes the end of its directory");
        String raw = new String(bytes(at + 46, nameLength), StandardCharsets.UTF_8), name = ModelError.clean(raw);
        long[] wide = {u32(at + 24), u32(at + 20), u32(at + 42)}; // size, stored size, place
        widen(wide, at + 46 + nameLength, extraLength, name);
        boolean compressed = method != 0 || wide[0] != wide[1];
        if (compressed && !raw.contains(CODE)) throw error("entry " + name + " is compressed; torch.save stores its entries");
        if ((flags & 1) != 0) throw error("entry " + name + " is encrypted");

        long local = wide[2];
        if (local < 0 || local > dataEnd - 30 || i32(local) != LOCAL) throw error("entry " + name + " is not where the directory says");
        if (u16(local + 26) != nameLength || in.asSlice(local + 30).mismatch(in.asSlice(at + 46, nameLength)) < nameLength) {
            throw error("entry " + name + " has another name at its place");
        }
        long data = local + 30 + nameLength + u16(local + 28);
        if (wide[1] < 0 || data > dataEnd || wide[1] > dataEnd - data) {
            throw error("entry " + name + " of " + wide[1] + " bytes passes the end of the data");
        }
        if (!compressed && entries.put(raw, in.asSlice(data, wide[0])) != null) throw error("entry " + name + " comes twice");
        spans.add(new Span(name, local, data + wide[1]));
        return next;
    }

    /** Replaces the values that did not fit 32 bits by those of the zip64 field, which has them in the same order. */
    private void widen(long[] values, long extra, int length, String name) {
        for (long at = extra; at + 4 <= extra + length; at += 4 + u16(at + 2)) {
            if (u16(at) != 1) continue;
            long field = at + 4, fieldEnd = Math.min(field + u16(at + 2), extra + length);
            for (int i = 0; i < values.length; i++) {
                if (values[i] != UNKNOWN) continue;
                if (field + 8 > fieldEnd) throw error("entry " + name + " has a damaged zip64 field");
                values[i] = u64(field);
                field += 8;
            }
            return;
        }
    }

    private int u16(long at) { return in.get(DType.SHORT, check(at, 2)) & 0xffff; }

    private int i32(long at) { return in.get(DType.INT, check(at, 4)); }

    private long u32(long at) { return i32(at) & 0xffff_ffffL; }

    private long u64(long at) { return in.get(DType.LONG, check(at, 8)); }

    private byte[] bytes(long at, long count) { return in.asSlice(check(at, count), count).toArray(ValueLayout.JAVA_BYTE); }

    private long check(long at, long count) {
        if (at < 0 || at > in.byteSize() - count) throw error("points past its end: truncated?");
        return at;
    }

    private ConvertError error(String reason) { return new ConvertError(path, reason); }
}
