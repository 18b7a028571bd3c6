package dev.faithdiff.networks.swin;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;

/** Halves a map: each two by two places become one of twice the width. */
final class PatchMerging {
    private final LayerNorm norm;
    private final Linear reduction;

    PatchMerging(Weights w, int width) {
        norm = new LayerNorm(w.at("norm"), 4 * width, SwinBlock.EPS);
        reduction = new Linear(w.at("reduction"), 4 * width, 2 * width, false);
    }

    /** {@code [1, H, W, width]} with even sides to {@code [1, H/2, W/2, 2*width]}. */
    Tensor forward(Tensor x) {
        int h = x.size(1) / 2, w = x.size(2) / 2, c = x.size(3);
        Tensor byRow = x.reshape(h, 2, w, 2 * c).permute(0, 2, 1, 3);                           // [h, w, row, column*c]
        Tensor byColumn = byRow.reshape(h * w, 2, 2, c).permute(0, 2, 1, 3);                     // [h*w, column, row, c], as published
        return reduction.forward(norm.forward(byColumn.reshape(1, h, w, 4 * c)));
    }
}
