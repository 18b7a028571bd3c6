package dev.faithdiff.train;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.GeneratorRestorer;
import dev.faithdiff.Model;
import dev.faithdiff.Options;
import dev.faithdiff.Restorer;
import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.image.Metrics;
import dev.faithdiff.image.Metrics.Channels;
import dev.faithdiff.image.Resize;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.Vae;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Held-out photos under one fixed degradation, restored by a model folder. */
public final class Validation {
    /** A photo's crop, the same degraded and so smaller, and that brought back to its size. */
    private record Crop(Image clean, Image small, Image degraded) {}

    private final List<Crop> crops = new ArrayList<>();
    private final List<Path> tooSmall = new ArrayList<>();
    private final Options options;

    /** Crops from the middle of photos spread over the folder. @throws ImageError if one is smaller than the crop */
    Validation(RunFile.Held held) {
        this(held, Options.defaults());
        if (!tooSmall.isEmpty()) throw new ImageError(tooSmall.getFirst() + " is smaller than the crop of " + held.crop());
    }

    /**
     * As above, but photos smaller than the crop are left out.
     *
     * @param options of the restoration, but for the scale and the steps, which {@code held} says
     */
    public Validation(RunFile.Held held, Options options) {
        this.options = options.withScale(held.scale()).withSteps(held.steps());
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

    /**
     * Measures a model folder in training, without a first stage.
     *
     * @param restores whether to restore, too, and not only to pass photos through the autoencoder
     * @param sheet    where all photos go as one image: degraded, autoencoder, restored, clean; null: nowhere
     */
    Quality measure(int stage, long total, Path model, Device device, boolean restores, Path sheet) {
        List<Image> restored = null;
        if (restores) {
            try (FaithDiff faithDiff = FaithDiff.open(model, device)) {
                restored = crops.stream().map(c -> faithDiff.restore(c.degraded, options.withScale(1))).toList();
            }
        }
        return quality(stage, total, throughAutoencoder(model, device), restored, sheet);
    }

    /** Measures a model folder of any kind, which restores as {@code faithdiff restore} does. @param sheet as above */
    public Quality measure(Path model, Device device, Path sheet) {
        List<Image> restored;
        boolean hasAutoencoder;
        try (Restorer restorer = Restorer.open(model, device)) {
            restored = crops.stream().map(c -> restorer.restore(c.small, options)).toList();
            hasAutoencoder = !(restorer instanceof GeneratorRestorer);
        }
        return quality(0, 0, hasAutoencoder ? throughAutoencoder(model, device) : null, restored, sheet);
    }

    private List<Image> throughAutoencoder(Path model, Device device) {
        try (Model m = Model.open(model, device)) {
            return crops.stream().map(c -> roundTrip(m, c.clean)).toList();
        }
    }

    /** @param through null, as is {@code restored}: there are none */
    private Quality quality(int stage, long total, List<Image> through, List<Image> restored, Path sheet) {
        List<Image> degraded = crops.stream().map(Crop::degraded).toList(), clean = crops.stream().map(Crop::clean).toList();
        if (sheet != null) ImageFiles.write(sheet(Stream.of(degraded, through, restored, clean).filter(Objects::nonNull).toList()), sheet);
        return new Quality(stage, total, near(degraded), near(through), near(restored));
    }

    private static Image roundTrip(Model m, Image image) {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(image.toFloats(), 1, image.height(), image.width(), 3).to(m.device);
            Tensor mean = Vae.Gaussian.of(m.vae.encode(x)).mean();
            return Image.fromFloats(m.vae.decode(mean).toFloats(), image.width(), image.height());
        }
    }

    private Quality.Near near(List<Image> images) {
        if (images == null) return null;
        double psnr = 0, ssim = 0, detail = 0;
        for (int i = 0; i < images.size(); i++) {
            psnr += Metrics.psnr(images.get(i), crops.get(i).clean, Channels.RGB);
            ssim += Metrics.ssim(images.get(i), crops.get(i).clean, Channels.LUMA);
            detail += Metrics.detail(images.get(i));
        }
        return new Quality.Near(psnr / images.size(), ssim / images.size(), detail / images.size());
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
