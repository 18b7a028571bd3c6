package dev.faithdiff.networks;

import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** A network for classification whose inner maps tell images apart as people do. */
public interface Backbone {
    /** Channels of each map. */
    int[] channels();

    /** Pixels that each side of the image must have. */
    int leastSide();

    /** Maps {@code [B, h, w, channels]} of a normalized {@code [B, H, W, 3]}, from fine to coarse. */
    List<Tensor> maps(Tensor x);
}
