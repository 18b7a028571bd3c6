package dev.faithdiff.train;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * The photos below a folder in the order of their paths. Each is decoded at its first use and cached while there is room. A photo without
 * a {@link Caption} has an empty one. Any thread may call any method.
 */
public final class ImageFolder {
    private final List<Path> files;
    private final long cacheBytes;
    private final AtomicLong cachedBytes = new AtomicLong();
    private final Map<Integer, Image> cache = new ConcurrentHashMap<>();

    private ImageFolder(List<Path> files, long cacheBytes) {
        this.files = files;
        this.cacheBytes = cacheBytes;
    }

    /** @throws UncheckedIOException in one line if the folder cannot be read or holds no photo */
    public static ImageFolder open(Path folder, long cacheBytes) {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> photos = all.filter(f -> ImageFiles.isPhoto(f) && Files.isRegularFile(f)).sorted().toList();
            if (photos.isEmpty()) throw new IOException(folder + ": there are no photos");
            return new ImageFolder(photos, cacheBytes);
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException(new IOException(folder + ": there is no such folder", e));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int size() { return files.size(); }

    public Path file(int i) { return files.get(i); }

    /** @throws ImageError if the file is no photo */
    public Image image(int i) {
        Image cached = cache.get(i);
        if (cached != null) return cached;
        Image image = ImageFiles.read(files.get(i));
        long bytes = image.rgb().length;
        if (cachedBytes.addAndGet(bytes) > cacheBytes || cache.putIfAbsent(i, image) != null) cachedBytes.addAndGet(-bytes);
        return image;
    }

    /** @throws ImageError if the caption's file cannot be read */
    public String caption(int i) {
        Caption caption = Caption.of(files.get(i));
        if (caption.text() == null && !caption.remarks().isEmpty()) throw new ImageError(caption.remarks().getFirst());
        return Objects.requireNonNullElse(caption.text(), "");
    }
}
