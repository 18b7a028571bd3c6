package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Convolution weights are {@code [O, I, kh, kw]} in files and {@code [O, kh, kw, I]} in layers; other tensors are the same in both. */
public final class Layout {
    private Layout() { }

    /** The shape in a file of what a layer holds. */
    public static Shape inFile(Shape layer) { return permuted(layer, 0, 3, 1, 2); }

    /** The shape in a layer of what a file holds. */
    public static Shape inLayer(Shape file) { return permuted(file, 0, 2, 3, 1); }

    /** A file's tensor as a layer holds it: a view where the order of the values is the same, as with kernels of 1x1. */
    public static Tensor toLayer(Tensor file) {
        boolean sameOrder = file.rank() != 4 || file.size(2) == 1 && file.size(3) == 1;
        return sameOrder ? file.view(0, inLayer(file.shape())) : file.permute(0, 2, 3, 1);
    }

    /** A layer's tensor as a file holds it. */
    public static Tensor toFile(Tensor layer) { return layer.rank() == 4 ? layer.permute(0, 3, 1, 2) : layer; }

    private static Shape permuted(Shape s, int... order) {
        if (s.rank() != 4) return s;
        return Shape.of(s.size(order[0]), s.size(order[1]), s.size(order[2]), s.size(order[3]));
    }
}
