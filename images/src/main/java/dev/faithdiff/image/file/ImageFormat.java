package dev.faithdiff.image.file;

import dev.faithdiff.image.ImageError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The file formats: which extensions name them, whether {@link ImageFiles} writes them, and how many pixels a side then may have. */
public enum ImageFormat {
    PNG("png", Integer.MAX_VALUE, "png", "apng"),
    JPEG("jpg", 65500, "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"),
    TIFF("tif", Integer.MAX_VALUE, "tif", "tiff"),
    WEBP("webp", 16383, "webp"),
    BMP(null, 0, "bmp", "dib"),
    GIF(null, 0, "gif");

    static final String DEVELOP = "develop it to TIFF or PNG first (darktable, RawTherapee), and restore that";

    private final String usual;
    private final int most;
    private final List<String> extensions;

    ImageFormat(String usual, int most, String... extensions) {
        this.usual = usual;
        this.most = most;
        this.extensions = List.of(extensions);
    }

    /** The extension for new files, without its dot; null for a format that is only read. */
    public String extension() { return usual; }

    /** Whether files of the format can be written, and not only read. */
    public boolean written() { return usual != null; }

    /** Null where an image of a size can be written, else why not, in words. */
    String refuses(int width, int height) {
        if (width <= most && height <= most) return null;
        return this + " takes at most " + most + " pixels a side, the image would be " + width + "x" + height;
    }

    /** The format whose signature the file begins with, whatever its name says. @throws ImageError if there is none */
    static ImageFormat of(byte[] file, String name) {
        String head = new String(file, 0, Math.min(file.length, 12), StandardCharsets.ISO_8859_1);
        if (head.startsWith("\u0089PNG\r\n\u001a\n")) return PNG;
        if (head.startsWith("\u00ff\u00d8\u00ff")) return JPEG;
        if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return WEBP;
        if (head.startsWith("BM")) return BMP;
        if (head.startsWith("GIF8")) return GIF;
        // 42 in either byte order, or 43 for BigTIFF.
        if (head.matches("(?s)(II[*+]\0|MM\0[*+]).*")) return TIFF;
        throw new ImageError(name + " is " + other(head));
    }

    /** What files of other formats are, and what to do with them. */
    private static String other(String head) {
        String brand = head.startsWith("ftyp", 4) && head.length() == 12 ? head.substring(8) : "";
        if (brand.equals("crx ") || Stream.of("FUJIFILM", "IIRO", "IIRS", "MMOR", "IIU\0", "\0MRM", "FOVb").anyMatch(head::startsWith)) {
            return "a camera's raw file: " + DEVELOP;
        }
        String first = "which is not read: convert it to PNG first, for example ";
        if (List.of("avif", "avis").contains(brand)) return "an AVIF image, " + first + "with avifdec";
        if (List.of("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1").contains(brand)) {
            return "a HEIF image (HEIC), " + first + "with heif-convert";
        }
        if (head.startsWith("\u00ff\n") || head.startsWith("\0\0\0\fJXL ")) return "a JPEG XL image, " + first + "with djxl";
        if (head.startsWith("\0\0\0\fjP  ") || head.startsWith("\u00ffO\u00ffQ")) return "a JPEG 2000 image, " + first + "with opj_decompress";
        if (head.startsWith("8BPS")) return "a Photoshop file, " + first + "with ImageMagick";
        if (head.startsWith("%PDF")) return "a PDF, " + first + "with pdftoppm -png";
        if (head.stripLeading().startsWith("<svg") || head.stripLeading().startsWith("<?xml")) return "a text in XML, perhaps SVG, and no photo";
        return "not a PNG, JPEG, WebP, TIFF, BMP or GIF image";
    }

    /** The format that an extension in any case names, without its dot; null: none. */
    public static ImageFormat named(String extension) {
        String lower = extension.toLowerCase(Locale.ROOT);
        return Stream.of(values()).filter(f -> f.extensions.contains(lower)).findFirst().orElse(null);
    }

    /** The format to write by the name's extension, PNG without one. @throws ImageError if it is unknown or only read */
    static ImageFormat toWrite(Path path) {
        String extension = path.getFileName() == null ? "" : ImageFiles.extension(path.getFileName().toString());
        if (extension.isEmpty()) return PNG;
        ImageFormat format = named(extension);
        if (format != null && format.written()) return format;
        throw new ImageError("cannot write " + path + ": ." + extension + " is not one of .png, .jpg, .jpeg, .tif, .tiff, .webp");
    }
}
