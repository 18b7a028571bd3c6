package dev.faithdiff;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import java.util.ArrayList;
import java.util.List;

/**
 * The restoration before the diffusion: a network's result, mixed with the plainly enlarged photo. The network sharpens and cleans, the
 * enlarged photo keeps what the network takes for damage, and half of each is nearer to the clean photo than either.
 *
 * @param network restores and enlarges
 * @param share   of the network's result in the mixture, 0..1
 * @param passes  1 to 4: how many of the photo, its mirror image, the photo upside down, and that mirrored the network sees for the mixture, whose
 *                mean loses much of what the network invents. A result of no more than half the network's own size is such a mean already and
 *                takes one
 */
public record FirstStage(Restorer network, double share, int passes) {
    /** What the network makes of the photo in one pass, and the mixture that the diffusion starts from; both of the result's size. */
    public record Result(Image network, Image mixture) {}

    public FirstStage {
        if (!(share >= 0 && share <= 1)) throw new IllegalArgumentException("the first stage's share must be 0..1, not " + share);
        if (passes < 1 || passes > 4) throw new IllegalArgumentException("the first stage's passes must be 1..4, not " + passes);
    }

    public Result restore(Image photo, Options options, Listener listener) {
        Options o = Options.defaults().withScale(options.scale()).withVaeTile(options.vaeTile());
        int count = 2 * o.scale() > network.defaults().scale() ? passes : 1;
        List<Image> restored = new ArrayList<>();
        for (int orientation = 1; orientation <= count; orientation++) {
            restored.add(network.restore(photo.upright(orientation), o, listener).upright(orientation));
        }
        Image first = restored.getFirst();
        return new Result(first, Image.mean(restored).mix(Resize.resize(photo, first.width(), first.height(), Filter.BICUBIC), share));
    }
}
