package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.ResultSize;

/** The size at which networks see a photo, which is the result's unless that is smaller than what they were trained on (OSEDiff, PiSA-SR, SeeSR). */
public final class ProcessSize {
    /** The published networks were trained on images of 512 pixels. */
    public static final Option<Integer> OPTION = Option.side("process-size", 512, 64, "The shorter side, in pixels, that a photo has at "
            + "least when networks see it. A result that is smaller is restored at that size and shrunk.");

    private ProcessSize() {}

    /** The photo as networks see it: at the result's size or, where that is smaller than they take, enlarged in two steps as published. */
    public static Image enlarged(Image photo, ResultSize size, int least) {
        double scale = (double) size.width() / photo.width();
        int shorter = Math.min(photo.width(), photo.height()), wanted = (int) (least / scale);
        if (shorter >= wanted) return Resize.resize(photo, size.width(), size.height(), Filter.BICUBIC);
        double factor = (double) wanted / shorter;
        Image first = Resize.resize(photo, (int) (factor * photo.width()), (int) (factor * photo.height()), Filter.BICUBIC);
        return Resize.resize(first, (int) Math.round(first.width() * scale), (int) Math.round(first.height() * scale), Filter.BICUBIC);
    }
}
