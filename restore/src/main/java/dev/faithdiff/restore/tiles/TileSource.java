package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Image;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;

/** Gives the parts of a whole that is too large to be one tensor, or to be given to a network at once. */
@FunctionalInterface
public interface TileSource {
    /** The part {@code [1, height, width, C]} whose first row is {@code top} and whose first column is {@code left}. */
    Tensor part(int top, int left, int height, int width);

    /** The parts of a tensor {@code [1, H, W, C]}. */
    static TileSource of(Tensor x) { return (top, left, height, width) -> x.slice(1, top, top + height).slice(2, left, left + width); }

    /** The parts {@code [1, height, width, 3]} of an image, -1..1, on a device: only a part is held as floats. */
    static TileSource of(Image image, Device device) {
        return (top, left, height, width) ->
                Tensor.of(image.crop(left, top, width, height).toFloats(), 1, height, width, 3).to(device);
    }
}
