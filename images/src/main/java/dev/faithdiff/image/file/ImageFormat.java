package dev.faithdiff.image.file;

import dev.faithdiff.image.ImageError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The file formats: how their files begin, which extensions name them, and whether {@link ImageFiles} writes them. */
enum ImageFormat {
    PNG(true, "png"),
    JPEG(true, "jpg", "jpeg"),
    TIFF(true, "tif", "tiff"),
    WEBP(true, "webp"),
    BMP(false, "bmp");

    final boolean written;
    final List<String> extensions;

    ImageFormat(boolean written, String... extensions) {
        this.written = written;
        this.extensions = List.of(extensions);
    }

    /** The format whose signature the file begins with, whatever its name says. @throws ImageError if there is none */
    static ImageFormat of(byte[] file, Path path) {
        String head = new String(file, 0, Math.min(file.length, 12), StandardCharsets.ISO_8859_1);
        if (head.startsWith("\u0089PNG\r\n\u001a\n")) return PNG;
        if (head.startsWith("\u00ff\u00d8\u00ff")) return JPEG;
        if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return WEBP;
        if (head.startsWith("BM")) return BMP;
        // 42 in either byte order, or 43 for BigTIFF.
        if (head.matches("(?s)(II[*+]\0|MM\0[*+]).*")) return TIFF;
        throw new ImageError(path + " is not a PNG, JPEG, WebP, TIFF or BMP image");
    }

    /** Whether an extension names one of them. */
    static boolean isNamed(String extension) { return Stream.of(values()).anyMatch(f -> f.extensions.contains(extension)); }

    /** The format to write by the name's extension, PNG without one. @throws ImageError if it is unknown or only read */
    static ImageFormat toWrite(Path path) {
        String extension = ImageFiles.extension(path.getFileName().toString());
        if (extension.isEmpty()) return PNG;
        for (ImageFormat format : values()) {
            if (format.written && format.extensions.contains(extension)) return format;
        }
        throw new ImageError("cannot write " + path + ": ." + extension + " is not one of .png, .jpg, .jpeg, .tif, .tiff, .webp");
    }
}
