package dev.faithdiff.image.file;

import dev.faithdiff.image.ImageError;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The place that a path names. A plain file appears whole or not at all, at the end of the path's symbolic links, with the permissions of the
 * file that it replaces. What is no plain file (a pipe, a device, a standard stream) is written into and never replaced.
 */
public final class OutputFile {
    private static final int MOST_LINKS = 40;
    private static final Set<Path> STDOUT = Set.of(Path.of("/dev/stdout"), Path.of("/dev/fd/1"), Path.of("/proc/self/fd/1"));

    /** Writes all of a file. */
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** A file that is written bit by bit. Nothing of it stays if it is closed before it was finished. */
    public static final class Begun implements AutoCloseable {
        private final OutputStream out;
        private final Path part, whole;

        /** @param part what becomes the whole; null: the output is no plain file */
        private Begun(OutputStream out, Path part, Path whole) {
            this.out = out;
            this.part = part;
            this.whole = whole;
        }

        /** What is written here is in the file when it is finished. */
        public OutputStream stream() { return out; }

        /** Lets the file appear. */
        public void finish() throws IOException {
            out.close();
            if (part != null) Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }

        @Override public void close() {
            try (out) {
                if (part != null) part.toFile().delete();
            } catch (IOException e) {
                return; // a failure before this one is the one to tell of
            }
        }
    }

    private final Path path;
    private final boolean plain;

    private OutputFile(Path path, boolean plain) {
        this.path = path;
        this.plain = plain;
    }

    /** @throws ImageError if the path is a folder */
    static OutputFile of(Path path) throws IOException {
        if (Files.isDirectory(path)) throw new ImageError("cannot write " + path + ": it is a folder");
        if (isOpenStream(path) || Files.exists(path) && !Files.isRegularFile(path)) return new OutputFile(path, false);
        Path target = path;
        for (int links = 0; Files.isSymbolicLink(target); links++) {
            if (links == MOST_LINKS) throw new FileSystemLoopException(path.toString());
            target = target.resolveSibling(Files.readSymbolicLink(target));
        }
        return new OutputFile(target, true);
    }

    /** Names of the process's own streams lead to plain files where those were redirected to one, yet are not to be replaced. */
    private static boolean isOpenStream(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        return STDOUT.contains(whole) || whole.equals(Path.of("/dev/stderr")) || whole.startsWith("/dev/fd") || whole.startsWith("/proc");
    }

    static ImageError unwritable(Path path, Exception e) {
        String reason = e instanceof NoSuchFileException ? "its folder does not exist" : ImageFiles.reason(e);
        return new ImageError("cannot write " + path + ": " + reason, e);
    }

    /** Finds out before long work whether a file can be written. @throws ImageError if it cannot */
    public static void checkWritable(Path path) {
        try {
            of(path).check();
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /** Writes a text file. @throws ImageError if it cannot be written */
    public static void write(Path path, String text) { write(path, text.getBytes(StandardCharsets.UTF_8)); }

    /** Writes a file. @throws ImageError if it cannot be written */
    public static void write(Path path, byte[] content) {
        try {
            of(path).write(out -> out.write(content));
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /** Begins a file that is not at hand as a whole. @throws ImageError if it cannot be written */
    public static Begun begin(Path path) {
        try {
            return of(path).begin();
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /** Makes an empty file beside a plain one for a moment. A pipe is not opened: that would wait for its reader. */
    void check() throws IOException {
        if (plain) {
            Path unfinished = unfinished();
            Files.createFile(unfinished);
            Files.delete(unfinished);
        } else if (!STDOUT.contains(path.toAbsolutePath().normalize()) && !Files.isWritable(path)) {
            throw new AccessDeniedException(path.toString());
        }
    }

    void write(Content content) throws IOException {
        try (Begun file = begin()) {
            content.writeTo(file.out);
            file.finish();
        }
    }

    private Begun begin() throws IOException {
        if (!plain) return new Begun(stream(), null, null);
        Path unfinished = unfinished();
        Begun file = new Begun(Files.newOutputStream(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), unfinished, path);
        try {
            if (Files.exists(path)) copyRights(path, unfinished);
            return file;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private OutputStream stream() throws IOException {
        if (!STDOUT.contains(path.toAbsolutePath().normalize())) return Files.newOutputStream(path, StandardOpenOption.WRITE);
        return new FileOutputStream(FileDescriptor.out) {
            @Override public void close() {} // others print there, too
        };
    }

    /** Permissions, and owner and group where this process may set them. */
    private static void copyRights(Path from, Path to) throws IOException {
        var source = Files.getFileAttributeView(from, PosixFileAttributeView.class);
        if (source == null) return;
        var target = Files.getFileAttributeView(to, PosixFileAttributeView.class);
        PosixFileAttributes wanted = source.readAttributes(), own = target.readAttributes();
        try {
            if (!own.group().equals(wanted.group())) target.setGroup(wanted.group());
            if (!own.owner().equals(wanted.owner())) target.setOwner(wanted.owner());
        } catch (IOException e) {
            // Another's file becomes the writer's own, as with every program that replaces files.
        }
        target.setPermissions(wanted.permissions());
    }

    /** Named for the process that writes it, so that another can tell what a killed one left; short, since names have at most 255 bytes. */
    private Path unfinished() {
        String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
        return path.resolveSibling(".faithdiff." + ProcessHandle.current().pid() + "-" + random + ".tmp");
    }
}
