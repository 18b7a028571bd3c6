package dev.faithdiff.image.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A directory of TIFF 6.0 or BigTIFF: tags, whose values stay the bytes that they are in the file, and directories that some of them point at.
 * Entries that point outside the file or are of no known type are left out.
 */
final class TiffDirectory {
    static final int BYTE = 1, ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5, UNDEFINED = 7;
    /** EXIF, GPS, interoperability. */
    private static final Set<Integer> POINTERS = Set.of(34665, 34853, 40965);
    /** Bytes of a value's number by its type: the parts of a rational count as two numbers. */
    private static final int[] UNIT = {0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4, 0, 0, 8, 8, 8};
    private static final int MOST_DIRECTORIES = 1000;

    /** A tag's value. @param type of TIFF @param bytes in the directory's byte order */
    record TagValue(int type, byte[] bytes) {
        long count() { return bytes.length / size(type); }

        /** Number {@code i} of an integer type. */
        long number(int i, ByteOrder order) {
            ByteBuffer b = ByteBuffer.wrap(bytes).order(order);
            return switch (UNIT[type]) {
                case 1 -> b.get(i) & 0xff;
                case 2 -> b.getShort(2 * i) & 0xffff;
                case 4 -> b.getInt(4 * i) & 0xffffffffL;
                default -> b.getLong(8 * i);
            };
        }

        private TagValue turned() {
            byte[] other = new byte[bytes.length];
            int unit = UNIT[type];
            for (int i = 0; i < bytes.length; i++) other[i] = bytes[i - i % unit + unit - 1 - i % unit];
            return new TagValue(type, other);
        }
    }

    final ByteOrder order;
    /** Where it lies in its file; 0: in none. */
    final long place;
    final Map<Integer, TagValue> tags = new TreeMap<>();
    final Map<Integer, TiffDirectory> inner = new TreeMap<>();

    TiffDirectory(ByteOrder order) { this(order, 0); }

    private TiffDirectory(ByteOrder order, long place) {
        this.order = order;
        this.place = place;
    }

    /** The directory in the other byte order, or itself. */
    TiffDirectory in(ByteOrder wanted) {
        if (order == wanted) return this;
        TiffDirectory other = new TiffDirectory(wanted);
        tags.forEach((tag, v) -> other.tags.put(tag, v.turned()));
        inner.forEach((tag, d) -> other.inner.put(tag, d.in(wanted)));
        return other;
    }

    /** The tag's first number, or what is given where there is none. */
    long number(int tag, long otherwise) {
        TagValue v = tags.get(tag);
        boolean whole = v != null && v.count() > 0 && (v.type <= UNDEFINED && v.type != ASCII && v.type != RATIONAL || v.type >= 13);
        return whole ? v.number(0, order) : otherwise;
    }

    /** The tag's first rational number; not a number where there is none. */
    double rational(int tag) {
        TagValue v = tags.get(tag);
        return v == null || v.type != RATIONAL || v.count() == 0 ? Double.NaN : (double) v.number(0, order) / v.number(1, order);
    }

    byte[] bytes(int tag) { return tags.get(tag) instanceof TagValue v ? v.bytes : null; }

    boolean has(int tag) { return tags.containsKey(tag) || inner.containsKey(tag); }

    void put(int tag, int type, byte[] bytes) { tags.put(tag, new TagValue(type, bytes)); }

    /** Integers of up to four bytes, or the parts of rationals. */
    void put(int tag, int type, long... numbers) {
        ByteBuffer b = ByteBuffer.allocate(numbers.length * UNIT[type]).order(order);
        for (long n : numbers) {
            switch (UNIT[type]) {
                case 1 -> b.put((byte) n);
                case 2 -> b.putShort((short) n);
                default -> b.putInt((int) n);
            }
        }
        put(tag, type, b.array());
    }

    /** The directories in their order. Empty where the bytes are no TIFF structure. */
    static List<TiffDirectory> all(byte[] tiff) {
        List<TiffDirectory> all = new ArrayList<>();
        if (tiff.length < 8) return all;
        Reader reader = new Reader(tiff);
        for (long at = reader.offset(reader.big ? 8 : 4); at > 0 && all.size() < MOST_DIRECTORIES; ) {
            long next = reader.read(at, all, 0);
            if (next == at) break;
            at = next;
        }
        return all;
    }

    /** The first directory. Empty where the bytes are no TIFF structure. */
    static TiffDirectory first(byte[] tiff) {
        List<TiffDirectory> all = all(tiff);
        return all.isEmpty() ? new TiffDirectory(ByteOrder.BIG_ENDIAN) : all.getFirst();
    }

    /** The directory at a place. */
    static TiffDirectory at(long place, byte[] tiff) {
        List<TiffDirectory> one = new ArrayList<>();
        new Reader(tiff).read(place, one, 0);
        return one.getFirst();
    }

    /** The file with the directory at a place as its first one. */
    static byte[] beginningAt(long place, byte[] tiff) {
        Reader reader = new Reader(tiff.clone());
        if (reader.big) reader.in.putLong(8, place);
        else reader.in.putInt(4, (int) place);
        return reader.in.array();
    }

    /** Directories that a tag of this one points at. */
    List<TiffDirectory> children(int tag, byte[] tiff) {
        List<TiffDirectory> all = new ArrayList<>();
        TagValue v = tags.get(tag);
        if (v == null || v.type != LONG && v.type < 13) return all;
        for (int i = 0; i < Math.min(v.count(), MOST_DIRECTORIES); i++) new Reader(tiff).read(v.number(i, order), all, 0);
        return all;
    }

    private record Reader(ByteBuffer in, boolean big) {
        Reader(byte[] tiff) {
            this(ByteBuffer.wrap(tiff).order(tiff[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN), tiff[tiff[0] == 'I' ? 2 : 3] == 43);
        }

        long offset(long at) {
            int bytes = big ? 8 : 4;
            if (at < 0 || at > in.capacity() - bytes) return -1;
            return big ? in.getLong((int) at) : in.getInt((int) at) & 0xffffffffL;
        }

        /** Adds the directory there, if there is one, and returns where the next one is; 0 or less: nowhere. */
        long read(long at, List<TiffDirectory> to, int depth) {
            int head = big ? 8 : 2, entry = big ? 20 : 12, room = big ? 8 : 4;
            if (at < 8 || at > in.capacity() - head) return -1;
            long count = big ? in.getLong((int) at) : in.getShort((int) at) & 0xffff;
            TiffDirectory d = new TiffDirectory(in.order(), at);
            to.add(d);
            for (long k = 0, from = at + head; k < count; k++, from += entry) {
                if (k < 0 || from > in.capacity() - entry) return -1;
                int tag = in.getShort((int) from) & 0xffff, type = in.getShort((int) from + 2) & 0xffff;
                long values = big ? in.getLong((int) from + 4) : in.getInt((int) from + 4) & 0xffffffffL;
                if (type >= UNIT.length || UNIT[type] == 0 || values < 0 || values > in.capacity()) continue;
                long bytes = values * size(type), place = from + entry - room;
                if (bytes > room) place = offset(place);
                if (place < 0 || bytes > in.capacity() - place) continue;
                byte[] value = new byte[(int) bytes];
                in.get((int) place, value);
                TagValue v = new TagValue(type, value);
                if (!POINTERS.contains(tag)) d.tags.putIfAbsent(tag, v);
                else if (depth < 3 && values > 0) readInner(d, tag, v.number(0, in.order()), depth);
            }
            return offset(at + head + count * entry);
        }

        private void readInner(TiffDirectory d, int tag, long at, int depth) {
            List<TiffDirectory> one = new ArrayList<>();
            read(at, one, depth + 1);
            if (!one.isEmpty()) d.inner.putIfAbsent(tag, one.getFirst());
        }
    }

    private static int size(int type) { return type == RATIONAL || type == 10 ? 8 : UNIT[type]; }

    /** Header and directory as a TIFF structure of one directory. Its length depends on the values' lengths alone. */
    byte[] written() {
        var out = new ByteArrayOutputStream();
        out.writeBytes((order == ByteOrder.LITTLE_ENDIAN ? "II*\0" : "MM\0*").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(four(8));
        write(out);
        return out.toByteArray();
    }

    /** The directory, then values of more than four bytes, then the directories that it points at; each at an even place. */
    private void write(ByteArrayOutputStream out) {
        Map<Integer, TagValue> all = new TreeMap<>(tags);
        inner.keySet().forEach(tag -> all.put(tag, new TagValue(LONG, four(0))));
        int at = out.size() + 2 + 12 * all.size() + 4;
        var far = new ByteArrayOutputStream();
        for (var e : all.entrySet()) {
            if (e.getValue().bytes.length <= 4) continue;
            far.writeBytes(e.getValue().bytes);
            if (far.size() % 2 == 1) far.write(0);
        }
        var children = new ByteArrayOutputStream();
        children.writeBytes(new byte[at + far.size()]);
        ByteBuffer entries = ByteBuffer.allocate(2 + 12 * all.size() + 4).order(order).putShort((short) all.size());
        for (var e : all.entrySet()) {
            TagValue v = e.getValue();
            entries.putShort(e.getKey().shortValue()).putShort((short) v.type).putInt((int) v.count());
            if (inner.containsKey(e.getKey())) {
                entries.putInt(children.size());
                inner.get(e.getKey()).write(children);
            } else if (v.bytes.length <= 4) {
                entries.put(v.bytes).put(new byte[4 - v.bytes.length]);
            } else {
                entries.putInt(at);
                at += v.bytes.length + v.bytes.length % 2;
            }
        }
        int start = out.size() + entries.capacity() + far.size();
        out.writeBytes(entries.array());
        out.writeBytes(far.toByteArray());
        byte[] rest = children.toByteArray();
        out.write(rest, start, rest.length - start);
    }

    private byte[] four(int v) { return ByteBuffer.allocate(4).order(order).putInt(v).array(); }
}
