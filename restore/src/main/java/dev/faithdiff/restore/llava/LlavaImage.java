package dev.faithdiff.restore.llava;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.tensor.Tensor;

/** What LLaVA sees of a photo: a square as large as CLIP takes. */
final class LlavaImage {
    /** CLIP's mean colour, which padding has. */
    private static final byte[] MEAN = {122, 116, 104};

    private LlavaImage() {}

    /**
     * A square image {@code [1, side, side, 3]} in 0..1: the shorter side is made that long, and the middle cut out.
     *
     * @param padded whether the photo is made square before, with bars of CLIP's mean colour, so that all of it is seen
     */
    static Tensor of(Image photo, int side, boolean padded) {
        Image in = padded ? padded(photo) : photo;
        int shorter = Math.min(in.width(), in.height());
        int w = (int) ((long) side * in.width() / shorter), h = (int) ((long) side * in.height() / shorter);
        Image square = Resize.resize(in, w, h, Filter.BICUBIC).crop((w - side) / 2, (h - side) / 2, side, side);
        byte[] rgb = square.rgb();
        float[] x = new float[rgb.length];
        for (int i = 0; i < x.length; i++) x[i] = (rgb[i] & 0xff) / 255f;
        return Tensor.of(x, 1, side, side, 3);
    }

    private static Image padded(Image photo) {
        int side = Math.max(photo.width(), photo.height()), left = (side - photo.width()) / 2, top = (side - photo.height()) / 2;
        byte[] rgb = Image.blank(side, side), from = photo.rgb();
        for (int i = 0; i < rgb.length; i += 3) System.arraycopy(MEAN, 0, rgb, i, 3);
        for (int y = 0; y < photo.height(); y++) {
            System.arraycopy(from, 3 * y * photo.width(), rgb, 3 * ((top + y) * side + left), 3 * photo.width());
        }
        return Image.of(side, side, rgb);
    }
}
