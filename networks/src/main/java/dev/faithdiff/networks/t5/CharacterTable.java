package dev.faithdiff.networks.t5;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What SentencePiece replaces before it looks for pieces, such as NFKC with spaces for control characters: of all sequences of bytes in the table,
 * the longest one at a place. The table is a size, a trie as a double array of that many bytes (darts-clone), and texts that end in a zero byte.
 */
final class CharacterTable {
    private static final String DAMAGED = "has a damaged table of characters";
    private final int[] trie;
    private final byte[] texts;

    /** @param table empty: nothing is replaced @throws IllegalArgumentException if it is damaged */
    CharacterTable(ByteBuffer table) {
        ByteBuffer in = table.slice().order(ByteOrder.LITTLE_ENDIAN);
        int size = in.remaining() < Integer.BYTES ? 0 : in.getInt();
        if (size < 0 || size > in.remaining() || size % Integer.BYTES != 0) throw new IllegalArgumentException(DAMAGED);
        trie = new int[size / Integer.BYTES];
        in.asIntBuffer().get(trie);
        texts = new byte[in.remaining() - size];
        in.position(in.position() + size).get(texts);
    }

    String apply(String text) {
        if (trie.length == 0) return text;
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int at = 0; at < in.length; ) {
            long found = longest(in, at);
            int length = (int) (found >>> 32), text0 = (int) found;
            if (length == 0) out.write(in[at]);
            for (int i = text0; length > 0 && i < texts.length && texts[i] != 0; i++) out.write(texts[i]);
            at += Math.max(1, length);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The length of the longest sequence at a place, in the upper half, and where its text begins; 0 if there is none. */
    private long longest(byte[] in, int from) {
        long found = 0;
        int node = offset(at(0));
        for (int i = from; i < in.length; i++) {
            node ^= in[i] & 0xff;
            if (node >= trie.length) break;
            int unit = trie[node];
            if ((unit & 0x800000ff) != (in[i] & 0xff)) break;
            node ^= offset(unit);
            if ((unit >>> 8 & 1) == 1) found = (long) (i + 1 - from) << 32 | at(node) & 0x7fffffff;
        }
        return found;
    }

    private int at(int node) { return node < trie.length ? trie[node] : 0; }

    private static int offset(int unit) { return unit >>> 10 << ((unit & 1 << 9) >>> 6); }
}
