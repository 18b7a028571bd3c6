package dev.faithdiff.image.file;

import java.awt.image.BufferedImage;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Decodes the lossless pictures of WebP: RFC 9649, sections 4 to 6. TwelveMonkeys 3.15 takes the transparent colour that newer encoders leave
 * out of their tables for the last colour of the table, and refuses plain pictures because their files are short.
 */
final class WebpLossless {
    private static final int SIGNATURE = 0x2f, COLOURS = 256, COPIES = 24, DISTANCES = 40, MOST_CACHED = 1 << 11;
    /** Of the pixels that the smallest distances mean: in the high half byte rows up, in the low one 8 less the steps to the left. */
    private static final byte[] NEAR = HexFormat.of().parseHex("1807171928062729161a262a38053739151b363a252b48044749141c353b464a242c58454b343c03"
            + "5759131d565a232d444c555b333d68026769121e666a222e545c434d656b323e78017779535d111f646c424e767a212f757b313f636d525e00747c414f10206"
            + "26e30737d515f40727e616f50717f6070");

    private final WebpBits bits;
    private final int width, height;
    private final boolean hasOpacity;
    private String damage;

    /** @param damage what ends the picture before its last pixel, null: nothing */
    record Decoded(BufferedImage pixels, String damage) {}

    private WebpLossless(WebpBits bits) throws IOException {
        this.bits = bits;
        if (bits.read(8) != SIGNATURE) throw new IOException("it has no lossless picture");
        width = bits.read(14) + 1;
        height = bits.read(14) + 1;
        hasOpacity = bits.flag();
        if (bits.read(3) != 0) throw new IOException("it is of an unknown version");
    }

    /** The picture of a VP8L chunk, which may be cut short. @throws IOException if not a pixel can be read */
    static Decoded decode(byte[] file, FileChunks.Chunk chunk) throws IOException {
        return new WebpLossless(new WebpBits(file, chunk.from(), chunk.to())).decoded();
    }

    private Decoded decoded() throws IOException {
        List<WebpTransform> transforms = new ArrayList<>();
        int across = width;
        while (bits.flag()) {
            WebpTransform t = transform(across);
            if (transforms.stream().anyMatch(other -> other.kind() == t.kind())) throw new IOException("it is transformed twice in one way");
            transforms.add(t);
            if (t.kind() == 3) across = Math.ceilDiv(across, 1 << t.bits());
        }
        int[] argb = new int[across * height];
        int rows = pixels(argb, across, true) / across;
        for (WebpTransform t : transforms.reversed()) argb = t.undone(argb, height);
        Arrays.fill(argb, rows * width, argb.length, 0);
        var pixels = new BufferedImage(width, height, hasOpacity ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB);
        pixels.getRaster().setDataElements(0, 0, width, height, argb);
        return new Decoded(pixels, damage);
    }

    private WebpTransform transform(int across) throws IOException {
        int kind = bits.read(2);
        if (kind == 2) return new WebpTransform(kind, 0, across, null);
        if (kind < 2) {
            int side = bits.read(3) + 2;
            return new WebpTransform(kind, side, across, numbers(Math.ceilDiv(across, 1 << side), Math.ceilDiv(height, 1 << side)));
        }
        int count = bits.read(8) + 1;
        int together = count > 16 ? 0 : count > 4 ? 1 : count > 2 ? 2 : 3;
        return new WebpTransform(kind, together, across, WebpTransform.colours(numbers(count, 1)));
    }

    /** A picture within the picture. */
    private int[] numbers(int across, int rows) throws IOException {
        int[] all = new int[across * rows];
        pixels(all, across, false);
        return all;
    }

    /** Reads pixels, and of the main picture how its codes are spread over blocks. Returns how many pixels there are. */
    private int pixels(int[] argb, int across, boolean main) throws IOException {
        int[] cache = new int[bits.flag() ? 1 << bits.read(4) : 0];
        int shift = Integer.numberOfLeadingZeros(cache.length) + 1;
        if (cache.length == 1 || cache.length > MOST_CACHED) throw new IOException("its colour cache is of no known size");
        int side = 0, groups = 1;
        int[] groupOf = null;
        if (main && bits.flag()) {
            side = bits.read(3) + 2;
            groupOf = numbers(Math.ceilDiv(across, 1 << side), Math.ceilDiv(argb.length / across, 1 << side));
            for (int i = 0; i < groupOf.length; i++) groups = Math.max(groups, (groupOf[i] = groupOf[i] >> 8 & 0xffff) + 1);
        }
        PrefixCode[] codes = new PrefixCode[5 * groups];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = PrefixCode.read(bits, switch (i % 5) { case 0 -> COLOURS + COPIES + cache.length; case 4 -> DISTANCES; default -> COLOURS; });
        }
        int at = 0;
        try {
            for (int kept = 0; at < argb.length; ) {
                int group = groupOf == null ? 0 : 5 * groupOf[(at / across >> side) * Math.ceilDiv(across, 1 << side) + (at % across >> side)];
                int green = codes[group].next(bits);
                if (green < COLOURS) {
                    int red = codes[group + 1].next(bits), blue = codes[group + 2].next(bits);
                    argb[at++] = codes[group + 3].next(bits) << 24 | red << 16 | green << 8 | blue;
                } else if (green < COLOURS + COPIES) {
                    int length = bits.value(green - COLOURS), back = distance(bits.value(codes[group + 4].next(bits)), across);
                    if (back > at || length > argb.length - at) throw new IOException("it copies pixels that are not there");
                    for (int end = at + length; at < end; at++) argb[at] = argb[at - back];
                } else {
                    argb[at++] = cache[green - COLOURS - COPIES];
                }
                if (cache.length > 0) for (; kept < at; kept++) cache[0x1e35a7bd * argb[kept] >>> shift] = argb[kept];
            }
        } catch (IOException e) {
            if (!main || at == 0) throw e;
            damage = e instanceof EOFException ? WholeFile.CUT_SHORT : e.getMessage();
        }
        return at;
    }

    private static int distance(int code, int across) {
        if (code > NEAR.length) return code - NEAR.length;
        int near = NEAR[code - 1];
        return Math.max(1, (near >> 4) * across + 8 - (near & 15));
    }
}
