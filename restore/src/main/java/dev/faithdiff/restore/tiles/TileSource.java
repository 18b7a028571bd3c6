package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Gives the parts of a whole that is too large to be one tensor, or to be given to a network at once. */
@FunctionalInterface
public interface TileSource {
    /** The part {@code [1, height, width, C]} whose first row is {@code top} and whose first column is {@code left}. */
    Tensor part(int top, int left, int height, int width);

    /** The parts of a tensor {@code [1, H, W, C]}. */
    static TileSource of(Tensor x) { return (top, left, height, width) -> x.slice(1, top, top + height).slice(2, left, left + width); }

    /** The parts of a tensor {@code [1, H, W, C]} that goes on with its other end, along the axes of {@code wrap} beyond its edges. */
    static TileSource of(Tensor x, Wrap wrap) {
        if (wrap == Wrap.NONE) return of(x);
        return (top, left, height, width) -> around(around(x, 1, top, height), 2, left, width);
    }

    /** So many rows or columns from one on, which may lie beyond the edges; behind the last comes the first. */
    static Tensor around(Tensor x, int axis, int from, int count) {
        int side = x.size(axis), at = Math.floorMod(from, side);
        if (at + count <= side) return x.slice(axis, at, at + count);
        List<Tensor> parts = new ArrayList<>();
        for (int left = count - (side - at); left > 0; left -= side) parts.add(x.slice(axis, 0, Math.min(left, side)));
        return x.slice(axis, at, side).concat(axis, parts.toArray(Tensor[]::new));
    }

    /** The parts {@code [1, height, width, 3]} of an image, -1..1, on a device, as {@link Image#part}: only a part is held as floats. */
    static TileSource of(Image image, Device device, Wrap wrap) {
        return (top, left, height, width) -> image.part(left, top, width, height, wrap).toTensor().to(device);
    }
}
