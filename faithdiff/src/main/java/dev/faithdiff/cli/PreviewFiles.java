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

/** Writes intermediate results, each whole or not at all. @param every steps from one to the next */
record PreviewFiles(Path path, int every) implements Listener {
    /** @param path a picture that is replaced each time, or a folder, made if needed, which gets {@code step-005.png} and so on */
    static PreviewFiles to(Path path, int every, int steps) {
        if (every < 1) throw new IllegalArgumentException("previews come every 1 or more steps, not " + every);
        if (every >= steps) throw new IllegalArgumentException("a preview every " + every + " steps is none in " + steps + ": lower --preview-every");
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
