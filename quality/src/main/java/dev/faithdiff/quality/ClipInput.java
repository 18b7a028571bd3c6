package dev.faithdiff.quality;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;

/** Images at the size that CLIP takes, resized as Pillow does. */
final class ClipInput {
    private ClipInput() {}

    /** Both sides become {@code side}. */
    static Image squash(Image image, int side) { return Resize.resize(image.to8Bits(), side, side, Filter.BICUBIC); }

    /** The shorter side becomes {@code side}, and the middle is cut out. */
    static Image crop(Image image, int side) {
        int shorter = Math.min(image.width(), image.height());
        int width = (int) ((long) side * image.width() / shorter), height = (int) ((long) side * image.height() / shorter);
        Image resized = Resize.resize(image.to8Bits(), width, height, Filter.BICUBIC);
        return resized.crop((int) Math.rint((width - side) / 2.0), (int) Math.rint((height - side) / 2.0), side, side);
    }
}
