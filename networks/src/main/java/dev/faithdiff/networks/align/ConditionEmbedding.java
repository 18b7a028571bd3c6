package dev.faithdiff.networks.align;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.SharedStatistics;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** LQ features to the width of the U-Net's first features: norm, convolution, SiLU, convolution (FaithDiff ControlNetConditioningEmbedding). */
final class ConditionEmbedding {
    private final GroupNorm norm;
    private final Conv2d in, out;

    ConditionEmbedding(Weights w, AlignConfig c) {
        norm = new GroupNorm(w.at("norm_in"), c.conditionChannels(), c.conditionGroups(), c.conditionEps());
        in = new Conv2d(w.at("conv_in"), c.conditionChannels(), c.conditionChannels(), 3);
        out = new Conv2d(w.at("conv_out"), c.conditionChannels(), c.embeddingChannels(), 3);
    }

    void measure(Tensor features, SharedStatistics statistics) { statistics.measure(norm, features); }

    Tensor forward(Tensor features) {
        try (Scope s = Scope.open()) {
            return s.keep(out.forward(in.forward(norm.forward(features)).silu()));
        }
    }
}
