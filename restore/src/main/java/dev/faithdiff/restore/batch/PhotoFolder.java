package dev.faithdiff.restore.batch;

import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The photos in and below a folder, through symbolic links.
 *
 * @param photos  in order of their paths
 * @param remarks what was left out, in sentences
 */
record PhotoFolder(List<Path> photos, List<String> remarks) {
    /** Extensions of photos that other programs read. */
    private static final Set<String> FOREIGN = Set.of("heic", "heif", "avif", "jxl", "jp2", "psd", "xcf", "svg", "pdf", "dng", "cr2", "cr3", "nef",
            "arw", "orf", "rw2", "raf", "pef", "srw");

    /**
     * Lists a folder.
     *
     * @param own the folder of results, of which nothing is listed; null: there is none
     * @throws IllegalArgumentException if there is no such folder
     */
    static PhotoFolder list(Path root, Path own, Predicate<Path> wanted) {
        if (!Files.isDirectory(root.toAbsolutePath())) throw new IllegalArgumentException("there is no folder " + root);
        Visitor visitor = new Visitor(own, wanted);
        try {
            Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot list " + root + ": " + IoReason.of(e), e);
        }
        Collections.sort(visitor.photos);
        visitor.foreign.forEach((extension, count) -> visitor.remarks.add("left out " + count + (count == 1 ? " file ." : " files .") + extension
                + " of " + root + ", a format that is not read: see docs/photos-and-folders.md"));
        return new PhotoFolder(visitor.photos, visitor.remarks);
    }

    private static final class Visitor extends SimpleFileVisitor<Path> {
        private final Path own;
        private final Predicate<Path> wanted;
        private final List<Path> photos = new ArrayList<>();
        private final List<String> remarks = new ArrayList<>();
        private final Map<String, Integer> foreign = new TreeMap<>();

        Visitor(Path own, Predicate<Path> wanted) {
            this.own = own;
            this.wanted = wanted;
        }

        @Override public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return own != null && FileNames.isSame(folder, own) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        /** A link to nothing counts as a photo by its name, so that it is said that it cannot be read. */
        @Override public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isOther() || !wanted.test(file)) return FileVisitResult.CONTINUE;
            String extension = ImageFiles.extension(file.getFileName().toString());
            if (ImageFiles.isPhoto(file)) photos.add(file);
            else if (FOREIGN.contains(extension)) foreign.merge(extension, 1, Integer::sum);
            return FileVisitResult.CONTINUE;
        }

        /** A link to a folder that it is in has been visited; what cannot be listed does not stop the rest. */
        @Override public FileVisitResult visitFileFailed(Path file, IOException e) {
            if (!(e instanceof FileSystemLoopException)) remarks.add("cannot list " + file + ": " + ImageFiles.reason(e));
            return FileVisitResult.CONTINUE;
        }

        @Override public FileVisitResult postVisitDirectory(Path folder, IOException e) {
            return e == null ? FileVisitResult.CONTINUE : visitFileFailed(folder, e);
        }
    }
}
