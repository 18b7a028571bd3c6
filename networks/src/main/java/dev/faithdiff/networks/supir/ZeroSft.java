package dev.faithdiff.networks.supir;

import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * Adds what the control saw to a skip, and then scales and shifts features and skip, pixel by pixel (SUPIR_v0.py ZeroSFT). Convolutions named
 * zero were zero before training.
 */
final class ZeroSft implements Connector {
    private final GroupNorm norm;
    private final Conv2d shared, mul, add, skip;
    private final int inner;

    /**
     * @param control width of what the control saw @param inner width of the features that the skip lies behind; 0: there is no skip, and the
     *                features take its place
     * @param width   of the skip @param hidden width between the convolutions
     */
    ZeroSft(Weights w, int control, int inner, int width, int hidden, UNetConfig.Norm n) {
        int all = inner + width;
        this.inner = inner;
        norm = new GroupNorm(w.at("param_free_norm"), all, n.groups(all), n.eps());
        shared = new Conv2d(w.at("mlp_shared.0"), control, hidden, 3);
        mul = new Conv2d(w.at("zero_mul"), hidden, all, 3);
        add = new Conv2d(w.at("zero_add"), hidden, all, 3);
        skip = new Conv2d(w.at("zero_conv"), control, width, 1);
    }

    @Override public Tensor forward(Tensor h, Tensor seen) {
        try (Scope s = Scope.open()) {
            Tensor x = inner == 0 ? skip.forward(seen, h)
                    : h.slice(3, 0, inner).concat(3, skip.forward(seen, h.slice(3, inner, h.size(3))));  // [B, H, W, inner + width]
            x = s.replace(x, norm.forward(x));
            Tensor a = shared.forward(seen);
            a = s.replace(a, a.silu());                                                                   // [B, H, W, hidden]
            Tensor scale = mul.forward(a);
            scale = s.replace(scale, scale.affine(1, 1));
            x = s.replace(x, x.mul(scale));
            return s.keep(add.forward(a, x));
        }
    }
}
