package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Listener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Supplier;

/** Writes previews of a result, each whole or not at all. @param every steps from one preview to the next */
record PreviewFiles(Path path, int every) implements Listener {
    /** Makes the folder if needed. @param path an image file that each preview replaces, or a folder for {@code step-005.png} and so on */
    static PreviewFiles to(Path path, int every, int steps) {
        if (every < 1) throw new IllegalArgumentException("--preview-every must be at least 1, not " + every);
        if (every >= steps) {
            throw new IllegalArgumentException("--preview-every must be less than the " + steps + " steps that are taken, not " + every);
        }
        if (!Files.isDirectory(path) && !ImageFiles.extension(path.getFileName().toString()).isEmpty()) ImageFiles.checkWritable(path);
        else makeFolder(path);
        return new PreviewFiles(path, every);
    }

    private static void makeFolder(Path path) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new ImageError("cannot make the folder " + path + " for previews", e);
        }
        if (!Files.isWritable(path)) throw new ImageError("cannot write previews to " + path + ": permission denied");
    }

    @Override public void at(String stage, int step, int steps) {}

    @Override public void preview(int step, int steps, Supplier<Image> image) {
        if (step % every != 0 || step == steps) return;
        ImageFiles.write(image.get(), Files.isDirectory(path) ? path.resolve(String.format(Locale.ROOT, "step-%03d.png", step)) : path);
    }
}
