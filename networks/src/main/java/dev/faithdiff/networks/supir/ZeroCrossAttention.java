package dev.faithdiff.networks.supir;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.MultiHeadAttention;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** Features attend to all pixels that the control saw (SUPIR_v0.py ZeroCrossAttn). */
final class ZeroCrossAttention implements Connector {
    private final GroupNorm own, other;
    private final MultiHeadAttention attention;

    ZeroCrossAttention(Weights w, int control, int width, int heads, UNetConfig.Norm n) {
        own = new GroupNorm(w.at("norm1"), width, n.groups(width), n.eps());
        other = new GroupNorm(w.at("norm2"), control, n.groups(control), n.eps());
        attention = new MultiHeadAttention(w.at("attn"), width, control, heads);
    }

    @Override public Tensor forward(Tensor h, Tensor seen) {
        try (Scope s = Scope.open()) {
            Tensor to = other.forward(seen);
            Context pixels = Context.once(to.reshape(to.size(0), to.size(1) * to.size(2), to.size(3)));   // [B, H*W, control]
            int[] sequence = {h.size(0), h.size(1) * h.size(2), h.size(3)};
            Tensor x = attention.to(pixels, own.forward(h).reshape(sequence), h.reshape(sequence));
            return s.keep(x.reshape(h.shape().toArray()));
        }
    }
}
