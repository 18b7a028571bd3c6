package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Resnet, single-head attention over all pixels, resnet: the innermost block of encoder and decoder (diffusers UNetMidBlock2D). */
public final class VaeMidBlock {
    private final ResnetBlock first, second;
    private final GroupNorm norm;
    private final Linear q, k, v, out;

    public VaeMidBlock(Weights w, int channels, int groups, boolean attention) {
        first = new ResnetBlock(w.at("resnets.0"), channels, channels, 0, groups, Encoder.EPS);
        Weights a = w.at("attentions.0");
        norm = attention ? new GroupNorm(a.at("group_norm"), channels, groups, Encoder.EPS) : null;
        q = attention ? new Linear(a.at("to_q"), channels, channels) : null;
        k = attention ? new Linear(a.at("to_k"), channels, channels) : null;
        v = attention ? new Linear(a.at("to_v"), channels, channels) : null;
        out = attention ? new Linear(a.at("to_out.0"), channels, channels) : null;
        second = new ResnetBlock(w.at("resnets.1"), channels, channels, 0, groups, Encoder.EPS);
    }

    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = first.forward(x, null);
            if (norm != null) h = s.replace(h, attend(h));
            return s.keep(second.forward(h, null));
        }
    }

    /** The same for tiles side by side, each of which attends to itself. */
    void forward(SideBySide tiles) {
        first.forward(tiles);
        if (norm != null) tiles.residual(h -> h.norm(norm, false), this::attended);
        second.forward(tiles);
    }

    private Tensor attend(Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(attended(norm.forward(x), x));
        }
    }

    private Tensor attended(Tensor normed, Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor t = normed.reshape(x.size(0), -1, x.size(3));                      // [B, H*W, C]
            t = out.forward(Linear.selfAttention(t, q, k, v, 1), x.reshape(t.shape().toArray()));
            return s.keep(t.reshape(x.shape().toArray()));
        }
    }
}
