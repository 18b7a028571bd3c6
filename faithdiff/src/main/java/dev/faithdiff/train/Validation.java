package dev.faithdiff.train;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Model;
import dev.faithdiff.Options;
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

/** Held-out photos under one fixed degradation, restored by a model folder as {@code faithdiff restore} would. */
public final class Validation {
    /** A photo's crop, and the same degraded and brought back to its size. */
    private record Pair(Image clean, Image degraded) {}

    private final List<Pair> pairs = new ArrayList<>();
    private final Options options;

    /** Crops from the middle of photos spread over the folder. @throws ImageError if one is smaller than the crop */
    Validation(RunFile.Held held) { this(held, Options.defaults().withSteps(held.steps())); }

    /** @param options of the restoration, but for the scale and the steps, which {@code held} says */
    public Validation(RunFile.Held held, Options options) {
        this.options = options.withScale(1).withSteps(held.steps());
        ImageFolder folder = ImageFolder.open(Path.of(held.folder()), 0);
        int count = Math.min(held.photos(), folder.size());
        for (int i = 0; i < count; i++) {
            int n = i * folder.size() / count, side = held.crop();
            Image photo = folder.image(n);
            if (Math.min(photo.width(), photo.height()) < side) throw new ImageError(folder.file(n) + " is smaller than the crop of " + side);
            Image clean = photo.crop((photo.width() - side) / 2, (photo.height() - side) / 2, side, side);
            Image small = Recipe.named(held.recipe()).degrade(clean, held.scale(), n);
            pairs.add(new Pair(clean, Resize.resize(small, side, side, Filter.BICUBIC)));
        }
    }

    /** How many photos there are. */
    public int size() { return pairs.size(); }

    /**
     * Measures a model folder.
     *
     * @param restores whether to restore, too, and not only to pass photos through the autoencoder
     * @param sheet    where all photos go as one image: degraded, autoencoder, restored, clean; null: nowhere
     */
    public Quality measure(int stage, long total, Path model, Device device, boolean restores, Path sheet) {
        List<Image> through = new ArrayList<>(), restored = new ArrayList<>();
        try (Model m = Model.open(model, device)) {
            for (Pair p : pairs) through.add(roundTrip(m, p.clean));
        }
        if (restores) {
            try (FaithDiff faithDiff = FaithDiff.open(model, device)) {
                for (Pair p : pairs) restored.add(faithDiff.restore(p.degraded, options));
            }
        }
        List<List<Image>> columns = new ArrayList<>(List.of(pairs.stream().map(Pair::degraded).toList(), through));
        if (restores) columns.add(restored);
        columns.add(pairs.stream().map(Pair::clean).toList());
        if (sheet != null) ImageFiles.write(sheet(columns), sheet);
        return new Quality(stage, total, near(columns.getFirst()), near(through), restores ? near(restored) : null);
    }

    private static Image roundTrip(Model m, Image image) {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(image.toFloats(), 1, image.height(), image.width(), 3).to(m.device);
            Tensor mean = Vae.Gaussian.of(m.vae.encode(x)).mean();
            return Image.fromFloats(m.vae.decode(mean).toFloats(), image.width(), image.height());
        }
    }

    private Quality.Near near(List<Image> images) {
        double psnr = 0, ssim = 0;
        for (int i = 0; i < images.size(); i++) {
            psnr += Metrics.psnr(images.get(i), pairs.get(i).clean, Channels.RGB);
            ssim += Metrics.ssim(images.get(i), pairs.get(i).clean, Channels.LUMA);
        }
        return new Quality.Near(psnr / images.size(), ssim / images.size());
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
