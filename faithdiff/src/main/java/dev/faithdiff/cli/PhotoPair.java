package dev.faithdiff.cli;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.train.ImageFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A photo and its reference.
 *
 * @param name      of the photo: its path below its folder
 * @param reference null if there is none
 */
record PhotoPair(String name, Path photo, Path reference) {
    /**
     * Two photos, or those of two folders and all below by their paths; formats may differ.
     *
     * @param b null: no references
     * @throws ImageError in one line if a photo has no reference, or several
     */
    static List<PhotoPair> of(Path a, Path b) {
        boolean isFolder = Files.isDirectory(a);
        if (b != null && isFolder != Files.isDirectory(b)) {
            throw new ImageError((isFolder ? a + " is a folder and " + b : b + " is a folder and " + a) + " is none: name two photos or two folders");
        }
        if (!isFolder) return List.of(new PhotoPair(a.getFileName().toString(), a, b));
        List<Path> photos = files(a), references = b == null ? List.of() : files(b);
        List<PhotoPair> pairs = new ArrayList<>();
        for (Path photo : photos) {
            Path name = a.relativize(photo);
            pairs.add(new PhotoPair(name.toString(), photo, b == null ? null : partner(name, b, references)));
        }
        return pairs;
    }

    private static Path partner(Path name, Path folder, List<Path> references) {
        Path same = folder.resolve(name);
        if (references.contains(same)) return same;
        String stem = ImageFiles.stem(name.toString());
        List<Path> alike = references.stream().filter(r -> ImageFiles.stem(folder.relativize(r).toString()).equals(stem)).toList();
        if (alike.size() == 1) return alike.getFirst();
        throw new ImageError(folder + (alike.isEmpty() ? " has no photo named " : " has several photos named ") + stem);
    }

    /** All photos of a folder and below. @throws ImageError in one line if there are none */
    static List<Path> files(Path folder) {
        ImageFolder all = ImageFolder.open(folder, 0);
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) files.add(all.file(i));
        return files;
    }
}
