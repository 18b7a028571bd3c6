package dev.faithdiff.image.file;

/**
 * What an encoder did to a lossless WebP picture before it coded it, and how that is undone: RFC 9649, section 4.
 *
 * @param kind  0: pixels are differences from a prediction; 1: red and blue are differences from a part of green; 2: from green; 3: pixels are
 *              the numbers of colours
 * @param bits  of the first two, the side of blocks that share a number in data; of the last, how many pixels lie in one; as powers of 2
 * @param width of the picture in pixels before
 * @param data  the numbers of blocks, or the colours
 */
record WebpTransform(int kind, int bits, int width, int[] data) {
    private static final int BLACK = 0xff000000;

    /** The pixels before the transform; they may be changed in place. */
    int[] undone(int[] argb, int height) {
        switch (kind) {
            case 0 -> predicted(argb, height);
            case 1 -> coloured(argb);
            case 2 -> {
                for (int i = 0; i < argb.length; i++) argb[i] = sum(argb[i], (argb[i] >> 8 & 0xff) * 0x10001);
            }
            default -> {
                return named(argb, height);
            }
        }
        return argb;
    }

    private int block(int x, int y) { return data[(y >> bits) * Math.ceilDiv(width, 1 << bits) + (x >> bits)]; }

    private void predicted(int[] argb, int height) {
        for (int y = 0, i = 0; y < height; y++) {
            for (int x = 0; x < width; x++, i++) {
                int from;
                if (y == 0) from = x == 0 ? BLACK : argb[i - 1];
                else if (x == 0) from = argb[i - width];
                else from = prediction(block(x, y) >> 8 & 0xf, argb[i - 1], argb[i - width], argb[i - width + 1], argb[i - width - 1]);
                argb[i] = sum(argb[i], from);
            }
        }
    }

    /** From the pixels at the left, top, top right (of the last column: the row's first) and top left. */
    private static int prediction(int mode, int l, int t, int tr, int tl) {
        return switch (mode) {
            case 1 -> l;
            case 2 -> t;
            case 3 -> tr;
            case 4 -> tl;
            case 5 -> mean(mean(l, tr), t);
            case 6 -> mean(l, tl);
            case 7 -> mean(l, t);
            case 8 -> mean(tl, t);
            case 9 -> mean(t, tr);
            case 10 -> mean(mean(l, tl), mean(t, tr));
            case 11 -> distance(t, tl) < distance(l, tl) ? l : t;
            case 12 -> clamped(l, t, tl, 1);
            case 13 -> clamped(mean(l, t), mean(l, t), tl, 2);
            default -> BLACK;
        };
    }

    private static int sum(int a, int b) {
        return (a & 0xff00ff00) + (b & 0xff00ff00) & 0xff00ff00 | (a & 0xff00ff) + (b & 0xff00ff) & 0xff00ff;
    }

    private static int mean(int a, int b) { return ((a ^ b) >>> 1 & 0x7f7f7f7f) + (a & b); }

    private static int distance(int a, int b) {
        int sum = 0;
        for (int c = 0; c < 32; c += 8) sum += Math.abs((a >>> c & 0xff) - (b >>> c & 0xff));
        return sum;
    }

    /** Each channel of a + (b - c) / part. */
    private static int clamped(int a, int b, int c, int part) {
        int argb = 0;
        for (int s = 0; s < 32; s += 8) argb |= Math.clamp((a >>> s & 0xff) + ((b >>> s & 0xff) - (c >>> s & 0xff)) / part, 0, 255) << s;
        return argb;
    }

    private void coloured(int[] argb) {
        for (int i = 0; i < argb.length; i++) {
            int parts = block(i % width, i / width), pixel = argb[i];
            int red = (pixel >> 16) + part(parts, pixel >> 8) & 0xff;
            int blue = pixel + part(parts >> 8, pixel >> 8) + part(parts >> 16, red) & 0xff;
            argb[i] = pixel & 0xff00ff00 | red << 16 | blue;
        }
    }

    private static int part(int times, int of) { return (byte) times * (byte) of >> 5; }

    /** The number of a colour that does not exist means transparent black. */
    private int[] named(int[] packed, int height) {
        int[] argb = new int[width * height];
        int across = Math.ceilDiv(width, 1 << bits), each = 8 >> bits;
        for (int y = 0, i = 0; y < height; y++) {
            for (int x = 0; x < width; x++, i++) {
                int name = (packed[y * across + (x >> bits)] >> 8 & 0xff) >> (x & (1 << bits) - 1) * each & (1 << each) - 1;
                if (name < data.length) argb[i] = data[name];
            }
        }
        return argb;
    }

    /** A colour of the table is the difference from the one before it. */
    static int[] colours(int[] differences) {
        for (int i = 1; i < differences.length; i++) differences[i] = sum(differences[i], differences[i - 1]);
        return differences;
    }
}
