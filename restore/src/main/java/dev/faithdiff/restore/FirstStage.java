package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import java.util.ArrayList;
import java.util.List;

/**
 * The restoration before the last one: a network's result, mixed with the plainly enlarged photo. The network sharpens and cleans, the
 * enlarged photo keeps what the network takes for damage, and half of each is nearer to the clean photo than either.
 *
 * @param network restores and enlarges
 * @param share   of the network's result in the mixture, 0..1
 * @param passes  1 to 4: how many of the photo, its mirror image, the photo upside down, and that mirrored the network sees for the mixture, whose
 *                mean loses much of what the network invents. A result of no more than half the network's own size is such a mean already and
 *                takes one
 */
public record FirstStage(Restorer network, double share, int passes) {
    /** What the network makes of the photo in one pass, and the mixture that the last stage starts from; both of the result's size. */
    public record Result(Image network, Image mixture) {}

    public FirstStage {
        if (!(share >= 0 && share <= 1)) throw new IllegalArgumentException("the first stage's share must be 0..1, not " + share);
        if (passes < 1 || passes > 4) throw new IllegalArgumentException("the first stage's passes must be 1..4, not " + passes);
    }

    /** @param options of which the network takes scale, seed, kind of random numbers and tile; all else is as it says of its own */
    public Result restore(Image photo, Options options, Listener listener) {
        Options own = network.defaults(), o = own.with(GUARD, Guard.OFF).with(SCALE, options.get(SCALE)).with(SEED, options.get(SEED))
                .with(RNG, options.get(RNG)).with(VAE_TILE, options.get(VAE_TILE)).only(network.options());
        int count = 2 * o.get(SCALE) > own.get(SCALE) ? passes : 1;
        List<Image> restored = new ArrayList<>();
        for (int orientation = 1; orientation <= count; orientation++) {
            restored.add(network.restore(photo.upright(orientation), o, listener).upright(orientation));
        }
        Image first = restored.getFirst();
        return new Result(first, Image.mean(restored).mix(Resize.resize(photo, first.width(), first.height(), Filter.BICUBIC), share));
    }
}
