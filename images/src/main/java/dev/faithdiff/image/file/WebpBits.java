package dev.faithdiff.image.file;

import java.io.EOFException;
import java.io.IOException;

/** The bits of a lossless WebP picture, those of a byte from the lowest, with the numbers that its prefix codes begin. */
final class WebpBits {
    private final byte[] file;
    private final int to;
    private int at, held;
    private long window;

    WebpBits(byte[] file, int from, int to) {
        this.file = file;
        this.at = from;
        this.to = to;
    }

    /** The next bits, the first one lowest, without reading them; behind the end zeros. @param count at most 32 */
    int peek(int count) {
        while (held < count && at < to) {
            window |= (file[at++] & 0xffL) << held;
            held += 8;
        }
        return (int) (window & (1L << count) - 1);
    }

    /** @throws EOFException if there are not so many left */
    int read(int count) throws IOException {
        int bits = peek(count);
        if (held < count) throw new EOFException();
        window >>>= count;
        held -= count;
        return bits;
    }

    boolean flag() throws IOException { return read(1) == 1; }

    /** The length or distance that a symbol begins: small ones are the symbol itself, others continue in further bits. */
    int value(int symbol) throws IOException {
        if (symbol < 4) return symbol + 1;
        int more = symbol - 2 >> 1;
        return (2 + (symbol & 1) << more) + read(more) + 1;
    }
}
