package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.tensor.host.IoReason;
import java.awt.image.RasterFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.IIOException;

/** Reads and writes photos; every failure is an {@link ImageError} of one line that names the file. */
public final class ImageFiles {
    /** Longer files are not read. */
    public static final int MAX_FILE_BYTES = 1 << 30;
    private static final Pattern UNFINISHED = Pattern.compile("\\..+\\.(\\d{1,18})-[0-9a-f]{1,16}\\.tmp");

    private static final Set<String> OTHER = Set.of("heic", "heif", "hif", "avif", "jxl", "jp2", "cr3", "raf", "orf", "rw2", "x3f", "mrw");

    private static final String CONTRADICTS = "its parts contradict each other";

    private ImageFiles() {}

    /** A file's name without its extension. */
    public static String stem(String name) { return name.lastIndexOf('.') <= 0 ? name : name.substring(0, name.lastIndexOf('.')); }

    /** A file's extension in lower case, without its dot; empty without one. */
    public static String extension(String name) {
        return name.lastIndexOf('.') <= 0 ? "" : name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /** Whether a file's name is that of a photo that can be read; hidden files are other programs' notes. */
    public static boolean isPhoto(Path path) {
        String name = path.getFileName() == null ? "" : path.getFileName().toString();
        return !name.startsWith(".") && ImageFormat.named(extension(name)) != null;
    }

    /** Whether a file's name is that of a photo of a format that is not read: HEIC, AVIF, JPEG XL, camera raw. */
    public static boolean isOtherPhoto(Path path) {
        String name = path.getFileName() == null ? "" : path.getFileName().toString();
        return !name.startsWith(".") && (Picture.RAW.contains(extension(name)) || OTHER.contains(extension(name)));
    }

    /** The pixels of {@link #readPhoto(Path)} alone, as upright 8-bit RGB. */
    public static Image read(Path path) { return readPhoto(path).image().to8Bits(); }

    /** As {@link #readPhoto(Path, boolean)}, not strict. */
    public static Photo readPhoto(Path path) { return readPhoto(path, false); }

    /**
     * Reads PNG, JPEG, WebP, TIFF, BMP or GIF (the first picture), turned upright. Samples stay as stored, in the colours of the profile that
     * comes along, 16-bit where they have more than 8; CMYK, Lab and floating point become 8-bit sRGB. The photo's remarks say what was lost.
     *
     * @param strict whether damaged files are refused, else they are read as far as they go
     * @throws ImageError if there is no such file, it is no image of these formats, nothing of it can be read, or it has over 256 megapixels
     */
    public static Photo readPhoto(Path path, boolean strict) {
        if (!Files.exists(path)) throw new ImageError(path + " does not exist");
        if (Files.isDirectory(path)) throw new ImageError(path + " is a folder, not an image");
        try (InputStream in = Files.newInputStream(path)) {
            return readPhoto(in, path.toString(), strict);
        } catch (IOException e) {
            throw new ImageError("cannot read " + path + ": " + reason(e), e);
        }
    }

    /** As {@link #readPhoto(Path, boolean)}, all that is left of a stream, which stays open. @param name what messages call it */
    public static Photo readPhoto(InputStream in, String name, boolean strict) {
        try {
            byte[] file = in.readNBytes(MAX_FILE_BYTES + 1);
            if (file.length > MAX_FILE_BYTES) throw new ImageError(name + " has more than " + MAX_FILE_BYTES + " bytes");
            return readPhoto(file, name, strict);
        } catch (IOException e) {
            throw new ImageError("cannot read " + name + ": " + reason(e), e);
        } catch (OutOfMemoryError e) {
            throw new ImageError("cannot read " + name + ": too large for the memory of this run, raise -Xmx", e);
        }
    }

    /** As {@link #readPhoto(Path, boolean)}, a file's bytes. @param name what messages call it */
    public static Photo readPhoto(byte[] file, String name, boolean strict) { return readPhoto(file, name, strict, PictureDecoder.MAX_PIXELS); }

    /** As {@link #readPhoto(byte[], String, boolean)}. @param most pixels; a picture of more is refused by its header, before it is decoded */
    public static Photo readPhoto(byte[] file, String name, boolean strict, long most) {
        return PhotoReader.read(file, name, strict, Math.min(most, PictureDecoder.MAX_PIXELS));
    }

    /** Writes pixels alone, as {@link #write(Photo, Path)} does. */
    public static void write(Image image, Path path) { write(Photo.of(image), path); }

    /** As {@link #write(Photo, Path, Encoding)}, encoded as the extension says. */
    public static List<String> write(Photo photo, Path path) { return write(photo, path, Encoding.of(path)); }

    /**
     * Writes PNG or TIFF (deflated) with 8 or 16 bits, JPEG (8 bits, full colour resolution, laid on white where the photo is not opaque) or
     * WebP (8 bits, lossless). Colourless photos get one channel, other than in WebP or with a profile of RGB. The same photo gives the same
     * bytes. A plain file appears whole or not at all; symbolic links, pipes and devices stay what they are and are written through.
     *
     * @return sentences about what the format cannot carry
     * @throws ImageError if the file cannot be written
     */
    public static List<String> write(Photo photo, Path path, Encoding encoding) {
        try {
            List<String> remarks = new ArrayList<>();
            checkSize(path.toString(), encoding, photo.image().width(), photo.image().height());
            OutputFile.of(path).write(out -> remarks.addAll(Codec.encode(photo, encoding, out)));
            return remarks;
        } catch (ImageError e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw OutputFile.unwritable(path, e);
        }
    }

    /** As {@link #write(Photo, Path, Encoding)}, into a stream, which is flushed and stays open. */
    public static List<String> write(Photo photo, OutputStream out, Encoding encoding) {
        checkSize("the photo", encoding, photo.image().width(), photo.image().height());
        try {
            List<String> remarks = Codec.encode(photo, encoding, out);
            out.flush();
            return remarks;
        } catch (IOException | RuntimeException e) {
            throw new ImageError("cannot write the photo: " + reason(e), e);
        }
    }

    /** As {@link #checkWritable(Path, Encoding, int, int)}, of a small image encoded as the extension says. */
    public static void checkWritable(Path path) { checkWritable(path, Encoding.of(path), 1, 1); }

    /**
     * Finds out before a long run whether an image of a size could be written there, by making an empty file beside it for a moment.
     *
     * @throws ImageError if it could not
     */
    public static void checkWritable(Path path, Encoding encoding, int width, int height) {
        try {
            OutputFile.of(path).check();
            if (encoding.format() == ImageFormat.WEBP) WebpLibrary.load();
        } catch (IOException e) {
            throw OutputFile.unwritable(path, e);
        }
        checkSize(path.toString(), encoding, width, height);
    }

    /** @throws ImageError if the format cannot hold an image of a size. @param name what messages call it */
    public static void checkSize(String name, Encoding encoding, int width, int height) {
        String reason = encoding.format().refuses(width, height);
        if (reason != null) throw new ImageError("cannot write " + name + ": " + reason);
    }

    /** Deletes what processes of this machine that are no more were writing in a folder when they were killed. */
    public static void deleteUnfinished(Path folder) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*.tmp")) {
            for (Path f : files) {
                Matcher name = UNFINISHED.matcher(f.getFileName().toString());
                if (!name.matches()) continue;
                boolean alive = ProcessHandle.of(Long.parseLong(name.group(1))).map(ProcessHandle::isAlive).orElse(false);
                if (!alive) Files.deleteIfExists(f);
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new ImageError("cannot clean up " + folder + ": " + reason(e), e);
        }
    }

    /** Why, in one line: the file system's exceptions say it by their type. */
    public static String reason(Throwable e) {
        if (e instanceof IIOException && e.getCause() instanceof IOException cause) return reason(cause);
        return switch (e) {
            case EOFException _ -> WholeFile.CUT_SHORT;
            case IOException io -> IoReason.of(io);
            // What decoders do with numbers that they do not check.
            case IndexOutOfBoundsException _, ClassCastException _, ArithmeticException _ -> CONTRADICTS;
            case NegativeArraySizeException _, RasterFormatException _ -> CONTRADICTS;
            case IllegalArgumentException a when String.valueOf(a.getMessage()).startsWith("Raster ") -> CONTRADICTS;
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().lines().findFirst().orElse("");
        };
    }
}
