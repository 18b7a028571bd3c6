package dev.faithdiff;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;

/**
 * The restoration before the diffusion: a network's result, mixed with the plainly enlarged photo. The network sharpens and cleans, the
 * enlarged photo keeps what the network takes for damage, and half of each is nearer to the clean photo than either.
 *
 * @param network restores and enlarges
 * @param share   of the network's result in the mixture, 0..1
 */
public record FirstStage(Restorer network, double share) {
    /** What the network makes, and the mixture that the diffusion starts from; both of the result's size. */
    public record Result(Image network, Image mixture) {}

    public FirstStage {
        if (!(share >= 0 && share <= 1)) throw new IllegalArgumentException("the first stage's share must be 0..1, not " + share);
    }

    public Result restore(Image photo, Options options, Listener listener) {
        Image restored = network.restore(photo, Options.defaults().withScale(options.scale()).withVaeTile(options.vaeTile()), listener);
        return new Result(restored, restored.mix(Resize.resize(photo, restored.width(), restored.height(), Filter.BICUBIC), share));
    }
}
