package dev.faithdiff.image.file;

import java.io.IOException;

/** A canonical prefix (Huffman) code of lossless WebP. */
final class PrefixCode {
    private static final int LONGEST = 15, QUICK = 8;
    private static final int[] ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    /** The one symbol of a code that needs no bits, else -1. */
    private final int only;
    /** By the next 8 bits: length and symbol of a code that is no longer, else 0. */
    private final int[] quick;
    /** How many codes have a length, and all symbols, those of short codes first. */
    private final int[] counts, symbols;

    /** @param lengths of each symbol's code in bits, 0: it has none. @throws IOException if they make no code */
    private PrefixCode(int[] lengths) throws IOException {
        counts = new int[LONGEST + 1];
        int last = -1;
        for (int s = 0; s < lengths.length; s++) {
            if (lengths[s] == 0) continue;
            counts[lengths[s]]++;
            last = s;
        }
        int used = 0, left = 1 << LONGEST;
        int[] next = new int[LONGEST + 2], code = new int[LONGEST + 2];
        for (int n = 1; n <= LONGEST; n++) {
            used += counts[n];
            left -= counts[n] << LONGEST - n;
            next[n + 1] = used;
            code[n + 1] = code[n] + counts[n] << 1;
        }
        only = used == 1 ? last : -1;
        if (used == 0 || used > 1 && left != 0) throw new IOException("its prefix codes are damaged");
        symbols = new int[used];
        quick = used == 1 ? null : new int[1 << QUICK];
        for (int s = 0; s < lengths.length; s++) {
            int n = lengths[s];
            if (n == 0) continue;
            symbols[next[n]++] = s;
            if (n > QUICK || used == 1) continue;
            for (int i = Integer.reverse(code[n]++) >>> 32 - n; i < quick.length; i += 1 << n) quick[i] = n << 16 | s;
        }
    }

    /** Reads a code. @param alphabet how many symbols there are */
    static PrefixCode read(WebpBits bits, int alphabet) throws IOException {
        int[] lengths = new int[alphabet];
        if (bits.flag()) {
            int count = bits.read(1) + 1;
            for (int i = 0, width = bits.flag() ? 8 : 1; i < count; i++, width = 8) {
                int symbol = bits.read(width);
                if (symbol < alphabet) lengths[symbol] = 1;
            }
            return new PrefixCode(lengths);
        }
        int[] own = new int[ORDER.length];
        int count = 4 + bits.read(4);
        for (int i = 0; i < count; i++) own[ORDER[i]] = bits.read(3);
        PrefixCode code = new PrefixCode(own);
        int codes = bits.flag() ? 2 + bits.read(2 + 2 * bits.read(3)) : alphabet;
        for (int s = 0, before = 8; s < alphabet && codes > 0; codes--) {
            int length = code.next(bits), times = 1;
            if (length == 16) times = 3 + bits.read(2);
            if (length == 17) times = 3 + bits.read(3);
            if (length == 18) times = 11 + bits.read(7);
            if (length > 0 && length < 16) before = length;
            if (times > alphabet - s) throw new IOException("its prefix codes are damaged");
            for (int i = 0; i < times; i++) lengths[s++] = length > 16 ? 0 : length == 16 ? before : length;
        }
        return new PrefixCode(lengths);
    }

    int next(WebpBits bits) throws IOException {
        if (only >= 0) return only;
        int known = quick[bits.peek(QUICK)];
        if (known != 0) {
            bits.read(known >>> 16);
            return known & 0xffff;
        }
        for (int n = 1, code = 0, first = 0, index = 0; ; n++) {
            code |= bits.read(1);
            if (code - first < counts[n]) return symbols[index + code - first];
            index += counts[n];
            first = first + counts[n] << 1;
            code <<= 1;
        }
    }
}
