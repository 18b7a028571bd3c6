package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.ResultSize;

/** {@link CommonOptions#PROCESS_SIZE} as the scripts of OSEDiff, PiSA-SR and SeeSR do it. */
public final class ProcessSize {
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
