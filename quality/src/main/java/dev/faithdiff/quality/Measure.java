package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/** One published number about an image, alone or beside a reference of the same size. */
public interface Measure {
    /** As users type it: psnr-rgb. */
    String name();

    Better better();

    boolean needsReference();

    /**
     * Measures an image.
     *
     * @param reference null if the measure needs none
     * @throws MeasureError in one line that says the rule, if the sizes differ or the image is too small
     */
    double of(Image image, Image reference);
}
