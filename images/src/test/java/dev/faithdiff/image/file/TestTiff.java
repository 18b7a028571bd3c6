package dev.faithdiff.image.file;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** TIFF files written by hand: uncompressed pictures of one strip each, with any tags. */
final class TestTiff {
    private final ByteOrder order;
    private final List<TreeMap<Integer, long[]>> directories = new ArrayList<>();
    private final List<byte[]> strips = new ArrayList<>();

    TestTiff(ByteOrder order) { this.order = order; }

    /** @param opacity 0: none, 1: associated, 2: unassociated @param samples 8 or 16 bits, interleaved */
    TestTiff add(int width, int height, int colours, int opacity, int bits, int[] samples, Map<Integer, long[]> more) {
        int bands = colours + (opacity == 0 ? 0 : 1);
        long[] depths = new long[bands];
        Arrays.fill(depths, bits);
        TreeMap<Integer, long[]> tags = new TreeMap<>(Map.of(256, new long[] {4, width}, 257, new long[] {4, height}, 259, new long[] {3, 1},
                262, new long[] {3, colours == 1 ? 1 : 2}, 273, new long[] {4, 0}, 277, new long[] {3, bands}, 278, new long[] {4, height},
                279, new long[] {4, (long) samples.length * bits / 8}));
        tags.put(258, typed(3, depths));
        if (opacity > 0) tags.put(338, new long[] {3, opacity});
        tags.putAll(more);
        ByteBuffer strip = ByteBuffer.allocate(samples.length * bits / 8).order(order);
        for (int s : samples) {
            if (bits == 16) strip.putShort((short) s);
            else strip.put((byte) s);
        }
        directories.add(tags);
        strips.add(strip.array());
        return this;
    }

    /** A tag's type before its numbers. */
    static long[] typed(int type, long... numbers) {
        long[] all = new long[numbers.length + 1];
        all[0] = type;
        System.arraycopy(numbers, 0, all, 1, numbers.length);
        return all;
    }

    static long[] bytes(int type, byte[] bytes) {
        long[] all = new long[bytes.length + 1];
        all[0] = type;
        for (int i = 0; i < bytes.length; i++) all[i + 1] = bytes[i];
        return all;
    }

    byte[] file() {
        var out = new ByteArrayOutputStream();
        out.writeBytes((order == ByteOrder.LITTLE_ENDIAN ? "II*\0" : "MM\0*").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(ByteBuffer.allocate(4).order(order).putInt(8).array());
        for (int k = 0; k < directories.size(); k++) directory(k, out);
        return out.toByteArray();
    }

    private void directory(int k, ByteArrayOutputStream out) {
        TreeMap<Integer, long[]> tags = directories.get(k);
        int start = out.size() + 2 + 12 * tags.size() + 4;
        var far = new ByteArrayOutputStream();
        ByteBuffer head = ByteBuffer.allocate(2 + 12 * tags.size() + 4).order(order).putShort((short) tags.size());
        for (var e : tags.entrySet()) {
            long[] v = e.getValue();
            int unit = switch ((int) v[0]) { case 3 -> 2; case 4 -> 4; default -> 1; };
            head.putShort(e.getKey().shortValue()).putShort((short) v[0]).putInt(v.length - 1);
            ByteBuffer value = ByteBuffer.allocate(Math.max(4, unit * (v.length - 1))).order(order);
            for (int i = 1; i < v.length; i++) {
                long n = e.getKey() == 273 ? start + farBytes(tags) : v[i];
                switch (unit) { case 2 -> value.putShort((short) n); case 4 -> value.putInt((int) n); default -> value.put((byte) n); }
            }
            if (value.capacity() == 4) {
                head.put(value.array());
            } else {
                head.putInt(start + far.size());
                far.writeBytes(value.array());
            }
        }
        int end = start + far.size() + strips.get(k).length;
        head.putInt(k == directories.size() - 1 ? 0 : end + end % 2);
        out.writeBytes(head.array());
        out.writeBytes(far.toByteArray());
        out.writeBytes(strips.get(k));
        if (end % 2 == 1) out.write(0);
    }

    private static int farBytes(TreeMap<Integer, long[]> tags) {
        int sum = 0;
        for (long[] v : tags.values()) {
            int bytes = (v.length - 1) * switch ((int) v[0]) { case 3 -> 2; case 4 -> 4; default -> 1; };
            if (bytes > 4) sum += bytes;
        }
        return sum;
    }
}
