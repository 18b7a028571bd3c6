package dev.faithdiff.networks.llava;

import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.clip.ClipImageEncoder.Positions;
import dev.faithdiff.networks.clip.ClipVisionTower;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * What LLaVA-1.5 (Liu et al., arXiv:2310.03744) sees of an image, as vectors of its language model: the states of CLIP's patches after the last layer
 * but one, through two linear layers.
 */
public final class LlavaVision {
    private final ClipVisionTower tower;
    private final Linear first, second;

    public LlavaVision(Weights w, LlavaConfig c) {
        tower = new ClipVisionTower(w.at("vision_model"), c.vision());
        first = new Linear(w.at("multi_modal_projector.linear_1"), c.vision().width(), c.width());
        second = new Linear(w.at("multi_modal_projector.linear_2"), c.width(), c.width());
    }

    /** The side of the square images that it takes. */
    public int side() { return tower.sizes().side(); }

    /** Images {@code [B, side, side, 3]} in 0..1 as CLIP takes them. */
    public static Tensor normalized(Tensor x) { return InputNorm.CLIP.normalize(x); }

    /** The states of the patches {@code [B, patches, width]} of normalized images. */
    public Tensor features(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = tower.forward(x, Positions.FIXED);
            return s.keep(h.slice(1, 1, h.size(1)));
        }
    }

    /** Vectors of the language model {@code [B, patches, width]} of normalized images. */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(second.forward(first.forward(features(x)).gelu()));
        }
    }
}
