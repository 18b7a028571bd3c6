package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads and writes photos; every failure is an {@link ImageError} of one line that names the file. */
public final class ImageFiles {
    private static final long MAX_FILE_BYTES = 1L << 30;
    private static final Pattern UNFINISHED = Pattern.compile("\\..+\\.(\\d{1,18})-[0-9a-f]{1,16}\\.tmp");

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
        return !name.startsWith(".") && ImageFormat.isNamed(extension(name));
    }

    /** The pixels of {@link #readPhoto} alone, as upright 8-bit RGB. */
    public static Image read(Path path) { return readPhoto(path).image().to8Bits(); }

    /**
     * Reads PNG, JPEG, WebP, TIFF or BMP (the first page), with EXIF orientation applied. Samples stay as stored, in the colours of the
     * profile that comes along, 16-bit where they have more than 8; CMYK, Lab and floating point become 8-bit sRGB.
     *
     * @throws ImageError if there is no such file, it is no whole image of these formats, or it has over 256 megapixels
     */
    public static Photo readPhoto(Path path) {
        if (!Files.exists(path)) throw new ImageError(path + " does not exist");
        if (Files.isDirectory(path)) throw new ImageError(path + " is a folder, not an image");
        byte[] file;
        try {
            long bytes = Files.size(path);
            if (bytes == 0 && Files.isRegularFile(path)) throw new ImageError(path + " is empty");
            if (bytes > MAX_FILE_BYTES) throw new ImageError(path + " has " + bytes + " bytes, more than " + MAX_FILE_BYTES);
            file = Files.readAllBytes(path);
        } catch (IOException e) {
            throw new ImageError("cannot read " + path + ": " + reason(e), e);
        }
        ImageFormat format = ImageFormat.of(file, path);
        String defect = WholeFile.defect(file, format);
        if (defect != null) throw new ImageError("cannot read " + path + " (" + format + "): " + defect);
        Pixels.Decoded decoded = Codec.decode(file, format, path);
        Metadata metadata = MetadataReader.read(file, format);
        String space = Metadata.space(metadata.profile());
        boolean fits = decoded.asStored() && ("RGB ".equals(space) || "GRAY".equals(space) && decoded.image().isGrey());
        int orientation = Orientation.of(file);
        Image opacity = decoded.opacity() == null ? null : decoded.opacity().upright(orientation);
        return new Photo(decoded.image().upright(orientation), opacity, fits ? metadata : metadata.withProfile(null));
    }

    /** Writes pixels alone, as {@link #write(Photo, Path)} does. */
    public static void write(Image image, Path path) { write(Photo.of(image), path); }

    /**
     * Writes by the extension: PNG (also without one) or TIFF (deflated) with 8 or 16 bits, JPEG (8 bits, quality 95, full colour
     * resolution, laid on white where the photo is not opaque) or WebP (8 bits, lossless). Colourless photos get one channel, other than in
     * WebP or with a profile of RGB. The file appears whole or not at all, and the same photo gives the same bytes.
     *
     * @throws ImageError if the extension is unknown or the file cannot be written
     */
    public static void write(Photo photo, Path path) {
        ImageFormat format = target(path);
        Path unfinished = unfinished(path);
        try {
            Files.createFile(unfinished);
            Codec.encode(photo, format, unfinished);
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            throw new ImageError("cannot write " + path + ": " + reason(e), e);
        } finally {
            unfinished.toFile().delete();
        }
    }

    /**
     * Finds out before a long run whether {@link #write} could write there, by making an empty file beside it for a moment.
     *
     * @throws ImageError if it could not
     */
    public static void checkWritable(Path path) {
        ImageFormat format = target(path);
        Path unfinished = unfinished(path);
        try {
            Files.createFile(unfinished);
            if (format == ImageFormat.WEBP) Codec.checkWebp();
        } catch (IOException e) {
            throw new ImageError("cannot write " + path + ": " + reason(e), e);
        } finally {
            unfinished.toFile().delete();
        }
    }

    private static ImageFormat target(Path path) {
        if (Files.isDirectory(path)) throw new ImageError("cannot write " + path + ": it is a folder");
        return ImageFormat.toWrite(path);
    }

    /** Named for the process that writes it, so that another can tell what a killed one left. */
    private static Path unfinished(Path path) {
        String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
        return path.resolveSibling("." + path.getFileName() + "." + ProcessHandle.current().pid() + "-" + random + ".tmp");
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
            throw new ImageError("cannot clean up " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Why, in one line: the file system's exceptions say it by their type. */
    static String reason(Exception e) {
        return switch (e) {
            case NoSuchFileException _ -> "its folder does not exist";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            case EOFException _ -> WholeFile.CUT_SHORT;
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().lines().findFirst().orElse("");
        };
    }
}
