package dev.faithdiff.image.file;

import dev.faithdiff.image.file.FileChunks.Chunk;
import java.awt.image.WritableRaster;

/** The opacity of a lossy WebP picture where it is stored without compression, which TwelveMonkeys 3.15 reads wrongly. */
final class WebpOpacity {
    private static final int METHOD = 3, HORIZONTAL = 1, VERTICAL = 2;

    private WebpOpacity() {}

    /** Puts the opacity of a still picture into its last band, if it is such a one and all there. */
    static void correct(WritableRaster pixels, byte[] file) {
        int width = pixels.getWidth(), height = pixels.getHeight(), band = pixels.getNumBands() - 1;
        for (Chunk c : FileChunks.ofWebp(file)) {
            boolean raw = c.type().equals("ALPH") && c.to() > c.from() && (file[c.from()] & METHOD) == 0;
            if (!raw || band != 3 || c.to() - c.from() - 1 < (long) width * height) continue;
            pixels.setSamples(0, 0, width, height, band, unfiltered(file, c.from() + 1, width, height, file[c.from()] >> 2 & 3));
            return;
        }
    }

    private static int[] unfiltered(byte[] file, int from, int width, int height, int filter) {
        int[] all = new int[width * height];
        for (int i = 0; i < all.length; i++) {
            int left = i % width == 0 ? -1 : all[i - 1], top = i < width ? -1 : all[i - width], predicted;
            if (filter == 0 || left < 0 && top < 0) predicted = 0;
            else if (left < 0 || top < 0) predicted = Math.max(left, top);
            else predicted = switch (filter) {
                case HORIZONTAL -> left;
                case VERTICAL -> top;
                default -> Math.clamp(left + top - all[i - width - 1], 0, 255);
            };
            all[i] = file[from + i] + predicted & 0xff;
        }
        return all;
    }
}
