package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import java.util.ArrayList;
import java.util.List;

/**
 * The restoration before the last one: a network's result, mixed with the enlarged photo. The network sharpens and cleans. The enlarged photo
 * keeps what the network takes for damage. Half of each is nearer to the clean photo than either.
 *
 * @param network restores and enlarges
 * @param share   share of the network's result in the mixture, 0..1
 * @param passes  1 to 4: how many orientations of the photo the network restores, of upright, mirrored, upside down, and both. The mean of
 *                their results goes into the mixture and lacks much of what the network invents. Where the result is at most half as large as
 *                the network makes it, shrinking has that effect already, and one pass is done
 */
public record FirstStage(Restorer network, double share, int passes) {
    /** The network's result of one pass, and the mixture that the last stage starts from. Both have the final size. */
    public record Result(Image network, Image mixture) {}

    public FirstStage {
        if (!(share >= 0 && share <= 1)) throw new IllegalArgumentException("the first stage's share must be 0..1, not " + share);
        if (passes < 1 || passes > 4) throw new IllegalArgumentException("the first stage's passes must be 1..4, not " + passes);
    }

    /** Restores a photo. @param options the network uses their size, seed, random numbers, tile and wrap, and its own defaults for the rest */
    public Result restore(Image photo, Options options, Listener listener) {
        Options own = network.defaults(), o = ResultSize.copied(options, own, own).with(GUARD, Guard.OFF).with(SEED, options.get(SEED))
                .with(RNG, options.get(RNG)).with(VAE_TILE, options.get(VAE_TILE)).with(WRAP, options.get(WRAP)).only(network.options());
        int count = 2 * ResultSize.of(options, photo).over(photo) > own.get(SCALE) ? passes : 1;
        List<Image> restored = new ArrayList<>();
        for (int orientation = 1; orientation <= count; orientation++) {
            restored.add(network.restore(photo.upright(orientation), o, listener).upright(orientation));
        }
        Image first = restored.getFirst();
        Image enlarged = options.get(WRAP).resized(photo, first.width(), first.height(), Filter.BICUBIC);
        return new Result(first, Image.mean(restored).mix(enlarged, share));
    }
}
