package dev.faithdiff.image.file;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.FileChunks.Chunk;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * Which picture of a file is taken, and what has to be known of it before it is decoded.
 *
 * @param directory       where the picture's directory lies in a TIFF, else 0
 * @param count           of whole pictures, without reduced ones
 * @param hasInks         whether it is a JPEG of cyan, magenta, yellow and black
 * @param transparentGrey of a PNG of 1, 2 or 4 bits, else -1
 */
record Picture(long directory, int count, boolean hasInks, int transparentGrey) {
    private static final int SUBFILE = 254, OLD_SUBFILE = 255, PHOTOMETRIC = 262, CHILDREN = 330, DNG_VERSION = 50706;
    private static final int REDUCED = 1, MASK = 4, COLOUR_FILTERS = 32803, LINEAR_RAW = 34892;
    /** Extensions of camera raw that is built like TIFF. */
    static final Set<String> RAW = Set.of("dng", "nef", "nrw", "cr2", "arw", "sr2", "srf", "srw", "pef", "3fr", "fff", "iiq", "kdc", "dcr", "erf",
            "mef", "mos", "rwl", "gpr");

    private static final Picture FIRST = new Picture(0, 1, false, -1);

    /** @throws ImageError if the file is a camera's raw data, whose first picture is a preview */
    static Picture of(byte[] file, ImageFormat format, String name) {
        return switch (format) {
            case TIFF -> ofTiff(file, name);
            case PNG -> ofPng(file);
            case JPEG -> new Picture(0, 1, components(file) == 4, -1);
            case WEBP -> new Picture(0, Math.max(1, (int) FileChunks.ofWebp(file).stream().filter(c -> c.type().equals("ANMF")).count()), false, -1);
            case BMP, GIF -> FIRST;
        };
    }

    private static Picture ofTiff(byte[] file, String name) {
        List<TiffDirectory> all = TiffDirectory.all(file);
        boolean raw = RAW.contains(ImageFiles.extension(name)) || file.length > 9 && file[8] == 'C' && file[9] == 'R';
        for (TiffDirectory d : all) {
            raw |= d.has(DNG_VERSION) || isRaw(d) || d.children(CHILDREN, file).stream().anyMatch(Picture::isRaw);
        }
        if (raw) throw new ImageError(name + " is a camera's raw file: " + ImageFormat.DEVELOP);
        if (all.isEmpty()) throw new IllegalArgumentException("it has no picture");
        List<TiffDirectory> whole = all.stream().filter(Picture::isWhole).toList();
        if (whole.isEmpty()) whole = all.stream().flatMap(d -> d.children(CHILDREN, file).stream()).filter(Picture::isWhole).toList();
        return new Picture((whole.isEmpty() ? all : whole).getFirst().place, Math.max(1, whole.size()), false, -1);
    }

    private static boolean isWhole(TiffDirectory d) { return (d.number(SUBFILE, 0) & (REDUCED | MASK)) == 0 && d.number(OLD_SUBFILE, 1) != 2; }

    private static boolean isRaw(TiffDirectory d) {
        long kind = d.number(PHOTOMETRIC, 0);
        return kind == COLOUR_FILTERS || kind == LINEAR_RAW;
    }

    /** The frame header's number of components; 0 where there is none. */
    private static int components(byte[] jpeg) {
        for (Chunk c : FileChunks.ofJpeg(jpeg)) {
            int marker = Integer.parseInt(c.type(), 16);
            boolean frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
            if (frame && c.to() - c.from() > 5) return jpeg[c.from() + 5];
        }
        return 0;
    }

    private static Picture ofPng(byte[] file) {
        int bits = 0, kind = 0, frames = 1, grey = -1;
        for (Chunk c : FileChunks.ofPng(file)) {
            ByteBuffer data = ByteBuffer.wrap(file, c.from(), c.to() - c.from());
            switch (c.type()) {
                case "IHDR" -> {
                    bits = data.remaining() < 10 ? 0 : file[c.from() + 8];
                    kind = data.remaining() < 10 ? 0 : file[c.from() + 9];
                }
                case "acTL" -> frames = data.remaining() < 4 ? 1 : Math.max(1, data.getInt());
                case "tRNS" -> {
                    if (kind == 0 && bits < 8 && data.remaining() == 2) grey = data.getShort() & (1 << bits) - 1;
                }
                default -> { }
            }
        }
        return new Picture(0, frames, false, grey);
    }
}
