package dev.faithdiff.train;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Energy;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.quality.Ssim;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Validation photos under one fixed degradation, restored as {@code faithdiff restore} does. */
public final class Validation {
    /** A photo's crop, the degraded and so smaller crop, and that enlarged to the first one's size (bicubic). */
    private record Crop(Image clean, Image small, Image enlarged) {}

    private final List<Crop> crops = new ArrayList<>();
    private final List<Path> tooSmall = new ArrayList<>();

    /** Crops from the middle of photos spread over the folder; photos smaller than the crop are left out. */
    public Validation(RunFile.ValidationData held) {
        ImageFolder folder = ImageFolder.open(Path.of(held.folder()), 0);
        int count = Math.min(held.photos(), folder.size());
        for (int i = 0; i < count; i++) {
            int n = i * folder.size() / count, side = held.crop();
            Image photo = folder.image(n);
            if (Math.min(photo.width(), photo.height()) < side) {
                tooSmall.add(folder.file(n));
                continue;
            }
            Image clean = photo.crop((photo.width() - side) / 2, (photo.height() - side) / 2, side, side);
            Image small = Recipe.named(held.recipe()).degrade(clean, held.scale(), n);
            crops.add(new Crop(clean, small, Resize.resize(small, side, side, Filter.BICUBIC)));
        }
    }

    /** How many photos there are. */
    public int size() { return crops.size(); }

    /** Photos that were left out. */
    public List<Path> tooSmall() { return tooSmall; }

    /** Gives each photo's crop and the degraded crop to something. */
    public void each(BiConsumer<Image, Image> cleanAndSmall) { crops.forEach(c -> cleanAndSmall.accept(c.clean, c.small)); }

    /**
     * Measures a restorer.
     *
     * @param options of the restoration, whose scale is that of the degradation; null: nothing is restored
     * @param sheet   file of one image of all photos: enlarged, through the autoencoder if there is one, restored, clean; null: none
     */
    public QualityRecord measure(int stage, long total, Restorer restorer, Options options, Path sheet) {
        List<Image> enlarged = crops.stream().map(Crop::enlarged).toList(), clean = crops.stream().map(Crop::clean).toList();
        List<Image> through = crops.stream().flatMap(c -> restorer.throughAutoencoder(c.clean).stream()).toList();
        List<Image> restored = options == null ? List.of() : crops.stream().map(c -> restorer.restore(c.small, options)).toList();
        if (sheet != null) ImageFiles.write(sheet(Stream.of(enlarged, through, restored, clean).filter(images -> !images.isEmpty()).toList()), sheet);
        return new QualityRecord(stage, total, near(enlarged), near(through), near(restored));
    }

    /** Null if there are no images. */
    private QualityRecord.Near near(List<Image> images) {
        if (images.isEmpty()) return null;
        double psnr = mean(new Psnr(Channels.RGB), images), ssim = mean(new Ssim(Channels.Y), images);
        return new QualityRecord.Near(psnr, ssim, mean(new Energy(Energy.Kind.DETAIL), images));
    }

    private double mean(Measure measure, List<Image> images) {
        return IntStream.range(0, images.size()).mapToDouble(i -> measure.of(images.get(i), crops.get(i).clean)).sum() / images.size();
    }

    private static Image sheet(List<List<Image>> columns) {
        int side = columns.getFirst().getFirst().width(), width = columns.size() * side, height = columns.getFirst().size() * side;
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            for (int c = 0; c < columns.size(); c++) {
                byte[] from = columns.get(c).get(y / side).rgb();
                System.arraycopy(from, 3 * (y % side) * side, rgb, 3 * (y * width + c * side), 3 * side);
            }
        }
        return Image.of(width, height, rgb);
    }
}
