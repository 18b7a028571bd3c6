package dev.faithdiff.train;

import static dev.faithdiff.restore.CommonOptions.SCALE;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Mt19937;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.train.RunFile.Degradation;
import java.util.List;

/**
 * An endless sequence of random crops. Each depends only on the seed and its index, so that a resumed run and any number of threads get the
 * same crops. Each photo is used once before any is used again.
 */
final class Samples {
    private final ImageFolder photos;
    private final FirstStage initial;
    private final List<Degradation> degradations;
    private final List<Filter> filters;
    private final double flip;
    private final long seed;

    /**
     * @param initial restores a degraded crop first; null: a filter enlarges it
     * @param degrade false: the degraded crop is the clean one, for objectives that do not use it
     */
    Samples(ImageFolder photos, FirstStage initial, RunFile.Data data, boolean degrade, long seed) {
        this.photos = photos;
        this.initial = initial;
        degradations = degrade ? data.degradations() : List.of();
        filters = data.filters();
        flip = data.flip();
        this.seed = seed;
    }

    /** @throws ImageError if the photo is no photo or smaller than the crop */
    Sample draw(long place, int crop) {
        int photo = photo(place);
        Image whole = photos.image(photo);
        if (Math.min(whole.width(), whole.height()) < crop) {
            throw new ImageError(photos.file(photo) + " is " + whole.width() + "x" + whole.height() + ", smaller than the crop of " + crop);
        }
        Mt19937 rng = Rng.cpu(Seeds.of(seed, place));
        int top = below(rng, whole.height() - crop + 1), left = below(rng, whole.width() - crop + 1);
        Image clean = whole.crop(left, top, crop, crop);
        if (rng.randDoubles(1)[0] < flip) clean = mirrored(clean);
        return new Sample(clean, degraded(clean, rng), photos.caption(photo), new TrainingBatch.Crop(whole.height(), whole.width(), top, left));
    }

    private Image degraded(Image clean, Mt19937 rng) {
        if (degradations.isEmpty()) return clean;
        double left = rng.randDoubles(1)[0] * degradations.stream().mapToDouble(Degradation::weight).sum();
        int i = 0;
        while (i < degradations.size() - 1 && (left -= degradations.get(i).weight()) >= 0) i++;
        long chances = rng.randint(0, 1L << 32, 1)[0];
        Degradation d = degradations.get(i);
        Image small = Recipe.named(d.recipe()).degrade(clean, d.scale(), chances);
        Filter filter = filters.get(below(rng, filters.size()));
        if (initial != null) small = initial.restore(small, Options.defaults().with(SCALE, (double) d.scale()), Listener.NONE).mixture();
        return Resize.resize(small, clean.width(), clean.height(), filter);
    }

    /** The photo at an index. Each epoch has its own order. */
    private int photo(long place) {
        int n = photos.size();
        Mt19937 rng = Rng.cpu(Seeds.of(seed, -1 - place / n));
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(rng, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order[(int) (place % n)];
    }

    private static int below(Mt19937 rng, int end) { return (int) rng.randint(0, end, 1)[0]; }

    private static Image mirrored(Image in) {
        byte[] from = in.rgb(), to = new byte[from.length];
        int w = in.width();
        for (int p = 0; p < w * in.height(); p++) System.arraycopy(from, 3 * p, to, 3 * (p / w * w + w - 1 - p % w), 3);
        return Image.of(w, in.height(), to);
    }
}
