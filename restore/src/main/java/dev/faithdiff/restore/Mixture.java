package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import java.util.function.Supplier;

/** How much of the enlarged photo is in the result of a restorer that adds no noise: {@link CommonOptions#STRENGTH} and FIDELITY. */
public final class Mixture {
    private Mixture() {}

    /** Whether the result is the enlarged photo, so that nothing need be restored. */
    public static boolean isPhoto(Options o) { return o.get(STRENGTH) == 0 || o.get(FIDELITY) == 1; }

    /** The restored image with a share of the enlarged photo, which has its size. @param enlarged is asked only where it is needed */
    public static Image of(Image restored, Supplier<Image> enlarged, Options o) {
        double strength = o.get(STRENGTH), fidelity = o.get(FIDELITY);
        if (strength == 1 && fidelity == 0) return restored;
        Image photo = enlarged.get();
        return (fidelity == 0 ? restored : FrequencyBlend.apply(restored, photo, fidelity, o.get(WRAP))).mix(photo, strength);
    }
}
