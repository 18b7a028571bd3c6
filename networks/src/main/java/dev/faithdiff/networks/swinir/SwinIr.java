package dev.faithdiff.networks.swinir;

import dev.faithdiff.networks.swin.SwinBlock;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * SwinIR (Liang et al. 2021) as DiffBIR has it: squares of pixels become tokens, Swin transformers work on these, and convolutions with nearest
 * enlargements make an image of the same size again.
 */
public final class SwinIr {
    /** The mean colour of the training's images, which is taken away and added again. */
    private static final float[] MEAN = {0.4488f, 0.4371f, 0.4040f};
    private static final float EPS = 1e-5f, SLOPE = 0.2f, FIRST_SLOPE = 0.01f;

    /** Blocks of attention, every other one with shifted windows, and a convolution behind them. */
    private record Layer(List<SwinBlock> blocks, Conv2d conv) {
        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor h = x;
                for (SwinBlock b : blocks) h = s.replace(h, b.forward(h));
                h = s.replace(h, conv.forward(h));
                return s.keep(x.add(h));
            }
        }
    }

    private final SwinIrConfig config;
    private final Conv2d convFirst, convBody, convBefore, convHr, convLast;
    private final Conv2d[] convUp;
    private final LayerNorm normIn, normOut;
    private final List<Layer> layers = new ArrayList<>();

    public SwinIr(Weights w, SwinIrConfig c) {
        config = c;
        int n = c.features();
        convFirst = new Conv2d(w.at("conv_first.1"), 3 * c.unshuffle() * c.unshuffle(), c.width(), 3);
        normIn = new LayerNorm(w.at("patch_embed.norm"), c.width(), EPS);
        for (int i = 0; i < c.blocks().length; i++) {
            Weights layer = w.at("layers", i);
            List<SwinBlock> blocks = new ArrayList<>();
            for (int j = 0; j < c.blocks()[i]; j++) {
                blocks.add(new SwinBlock(layer.at("residual_group.blocks", j), c.width(), c.heads(), c.window(), c.mlpWidth(), j % 2 == 1));
            }
            layers.add(new Layer(blocks, new Conv2d(layer.at("conv"), c.width(), c.width(), 3)));
        }
        normOut = new LayerNorm(w.at("norm"), c.width(), EPS);
        convBody = new Conv2d(w.at("conv_after_body"), c.width(), c.width(), 3);
        convBefore = new Conv2d(w.at("conv_before_upsample.0"), c.width(), n, 3);
        convUp = new Conv2d[c.doublings()];
        for (int i = 0; i < convUp.length; i++) convUp[i] = new Conv2d(w.at("conv_up" + (i + 1)), n, n, 3);
        convHr = new Conv2d(w.at("conv_hr"), n, n, 3);
        convLast = new Conv2d(w.at("conv_last"), n, 3, 3);
    }

    public SwinIrConfig config() { return config; }

    /** {@code [1, H, W, 3]} in 0..1, as the result nominally is; both sides are multiples of {@link SwinIrConfig#multiple}. */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor mean = Tensor.of(MEAN, 3).to(x.device()).to(x.dtype());
            // 1. tokens
            Tensor h = convFirst.forward(x.sub(mean).pixelUnshuffle(config.unshuffle())); // [1, h, w, width], h = H/unshuffle
            // 2. trunk
            h = s.replace(h, trunk(h));
            // 3. image: features, then twice the size until that is the image's
            h = s.replace(h, convBefore.forward(h).leakyRelu(FIRST_SLOPE));             // [1, h, w, features]
            for (Conv2d up : convUp) {                                                  // [1, 2h, 2w, features] and so on
                h = s.replace(h, h.upsample(2 * h.size(1), 2 * h.size(2)));
                h = s.replace(h, up.forward(h));
                h = s.replace(h, h.leakyRelu(SLOPE));
            }
            h = s.replace(h, convHr.forward(h));
            h = s.replace(h, h.leakyRelu(SLOPE));
            return s.keep(convLast.forward(h).add(mean));                               // [1, H, W, 3]
        }
    }

    private Tensor trunk(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = normIn.forward(x);
            for (Layer layer : layers) h = s.replace(h, layer.forward(h));
            h = s.replace(h, convBody.forward(normOut.forward(h)));
            return s.keep(x.add(h));
        }
    }
}
