package dev.faithdiff;

import dev.faithdiff.image.Image;

/**
 * One restorer behind another: the first removes the damage that it can and enlarges, and what it makes, at the size of the result,
 * takes the photo's place for the second in everything: features, start and colours.
 *
 * <p>FaithDiff's authors clean a photo so (with BSRNet) only for the network that describes it in words; here it is the restoration's
 * own input, as other diffusion restorers do.
 */
public record TwoStages(RrdbRestorer initial, Restorer last) implements Restorer {
    @Override public Image restore(Image lowQuality, Options o, FaithDiff.Progress progress) {
        Image first = initial.restore(lowQuality, Options.defaults().withScale(o.scale()).withVaeTile(o.vaeTile()), progress);
        return last.restore(first, o.withScale(1), progress);
    }

    @Override public int scale() { return last.scale(); }

    @Override public void close() {
        try (initial) {
            last.close();
        }
    }
}
