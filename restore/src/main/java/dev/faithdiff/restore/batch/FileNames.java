package dev.faithdiff.restore.batch;

import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths of files whose names may hold bytes that the locale's charset does not have. */
final class FileNames {
    private static final char UNKNOWN = '\uFFFD';

    private FileNames() {}

    /**
     * The file that an argument names. An argument that could not be decoded holds {@link #UNKNOWN}; then it is the file in its folder that
     * decodes to the same. Without such a file it is a path where nothing is.
     */
    static Path path(String argument) {
        if (argument.indexOf(UNKNOWN) < 0) return pathOf(argument);
        int slash = argument.lastIndexOf('/');
        String name = argument.substring(slash + 1);
        Path folder = pathOf(argument.substring(0, slash + 1));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path f : files) if (f.getFileName().toString().equals(name)) return f;
        } catch (IOException | DirectoryIteratorException e) {
            return pathOf(argument);
        }
        return pathOf(argument);
    }

    private static Path pathOf(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            return Path.of(plain(text));
        }
    }

    /** A file of another name beside a file. Characters that the locale cannot write become underscores. */
    static Path sibling(Path file, String name) {
        try {
            return file.resolveSibling(name);
        } catch (InvalidPathException e) {
            return file.resolveSibling(plain(name));
        }
    }

    private static String plain(String text) { return text.replaceAll("[^\\x20-\\x7e]", "_"); }

    /** The last part of a path, of {@code .} and {@code ..} that of the folder they name. */
    static String name(Path path) {
        Path last = path.toAbsolutePath().normalize().getFileName();
        return last == null ? "root" : last.toString();
    }

    static String stem(Path path) { return ImageFiles.stem(name(path)); }

    /** Whether two paths name the same existing file. */
    static boolean isSame(Path a, Path b) {
        try {
            return Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }

    /** The file behind all links, or the whole path where there is none yet. */
    static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path.toAbsolutePath().normalize();
        }
    }
}
