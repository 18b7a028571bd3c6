package dev.faithdiff.quality;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;

/**
 * How well a result agrees with the photo it was made from: the PSNR (RGB) of the result, shrunk to that photo's size as Pillow does (bicubic), and
 * the photo. This project's own definition. Here alone the reference is the degraded photo, and may be smaller than the image.
 */
public record Consistency() implements Measure {
    @Override public String name() { return "consistency"; }

    @Override public Better better() { return Better.HIGHER; }

    @Override public boolean needsReference() { return true; }

    @Override public double of(Image image, Image reference) {
        if (reference == null) throw new MeasureError(name() + " needs a reference");
        if (image.width() < reference.width() || image.height() < reference.height()) {
            throw new MeasureError(name() + " shrinks the image to its reference's size, got " + image.width() + "x" + image.height() + " and "
                    + reference.width() + "x" + reference.height());
        }
        Image shrunk = Resize.resize(image.to8Bits(), reference.width(), reference.height(), Filter.BICUBIC);
        return new Psnr(Channels.RGB).of(shrunk, reference);
    }
}
