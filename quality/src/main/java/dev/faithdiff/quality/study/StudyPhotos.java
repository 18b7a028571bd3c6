package dev.faithdiff.quality.study;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The photos of a study.
 *
 * @param files         in their order
 * @param names         of the files: their paths below the folder, where there is one
 * @param crop          side of the crop from a photo's middle; 0: the whole photo
 * @param scale         how many times smaller a degradation makes it, and a system larger
 * @param hasReferences false: the photos are bad ones, and nobody knows the good ones
 */
public record StudyPhotos(List<Path> files, List<String> names, int crop, int scale, boolean hasReferences) {
    /** The photos below a folder in the order of their paths; of many, {@code most} that are spread evenly. */
    static StudyPhotos below(Path folder, int most, int crop, int scale, boolean hasReferences) {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> photos = all.filter(f -> ImageFiles.isPhoto(f) && Files.isRegularFile(f)).sorted().toList();
            if (photos.isEmpty()) throw new IllegalArgumentException(folder + ": there are no photos");
            List<Path> chosen = new ArrayList<>();
            int count = Math.min(most, photos.size());
            for (int i = 0; i < count; i++) chosen.add(photos.get((int) ((long) i * photos.size() / count)));
            return new StudyPhotos(chosen, chosen.stream().map(f -> folder.relativize(f).toString()).toList(), crop, scale, hasReferences);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(folder + ": there is no such folder", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot list " + folder + ": " + ImageFiles.reason(e), e);
        }
    }

    /** The photo, or the middle of it, cut to sides that the scale divides. @throws ImageError if it cannot be read or is smaller than the crop */
    Image photo(int i) {
        Image whole = ImageFiles.read(files.get(i));
        int divisor = hasReferences ? scale : 1;
        int width = (crop > 0 ? crop : whole.width()) / divisor * divisor, height = (crop > 0 ? crop : whole.height()) / divisor * divisor;
        if (Math.min(width, height) < 1 || whole.width() < width || whole.height() < height) {
            throw new ImageError("the photo has " + whole.width() + "x" + whole.height() + " pixels, too few for "
                    + (crop > 0 ? "crops of " + crop + "x" + crop : "a scale of " + scale));
        }
        return whole.crop((whole.width() - width) / 2, (whole.height() - height) / 2, width, height);
    }

    /** The seed of a photo's degradation, the same in every study. */
    long seed(int i) { return names.get(i).hashCode() & 0xffffffffL; }
}
