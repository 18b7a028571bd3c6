package dev.faithdiff.networks.maniqa;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Attention between channels, each a vector of its values at all places, with a residual (MANIQA TABlock). */
final class ChannelAttention {
    private final Linear q, k, v;

    ChannelAttention(Weights w, int places) {
        q = new Linear(w.at("c_q"), places, places);
        k = new Linear(w.at("c_k"), places, places);
        v = new Linear(w.at("c_v"), places, places);
    }

    /** {@code [1, places, channels]}, as the result. */
    Tensor forward(Tensor x) {
        int places = x.size(1), channels = x.size(2);
        try (Scope s = Scope.open()) {
            Tensor h = x.permute(0, 2, 1);                                            // [1, channels, places]
            h = s.replace(h, attended(h));
            // The published code reads the transposed result in the order of [channels, places], which mixes both; the weights know it so.
            h = h.permute(0, 2, 1).reshape(1, channels, places).permute(0, 2, 1);
            return s.keep(x.add(h));
        }
    }

    /** By matrix products: a channel has more values than a head of the attention kernels. */
    private Tensor attended(Tensor h) {
        try (Scope s = Scope.open()) {
            float scale = (float) (1 / Math.sqrt(h.size(2)));
            Tensor p = q.forward(h).mul(scale).matmul(k.forward(h), false, true);     // [1, channels, channels]
            p = s.replace(p, p.softmax());
            return s.keep(p.matmul(v.forward(h)));
        }
    }
}
