package dev.faithdiff.networks.srvgg;

import dev.faithdiff.networks.Generator;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The small network of Real-ESRGAN: convolutions and parametric ReLUs at the size of the input, the last of which makes all pixels of
 * the result at once, as differences from the nearest pixel of the input (Real-ESRGAN srvgg_arch.py; parameters under its names).
 */
public final class SrvggNetCompact implements Generator {
    /** In {@code model.json}. */
    public static final String KIND = "srvggnetcompact";
    private static final int COLORS = 3;

    private final SrvggConfig config;
    private final List<Conv2d> convs = new ArrayList<>();
    private final List<Tensor> slopes = new ArrayList<>();
    private final Conv2d last;

    public SrvggNetCompact(Weights w, SrvggConfig c) {
        config = c;
        int n = c.features(), layers = c.convolutions() + 1;
        for (int i = 0; i < layers; i++) {
            convs.add(new Conv2d(w.at("body", 2 * i), i == 0 ? COLORS : n, n, 3));
            slopes.add(w.at("body", 2 * i + 1).get("weight", Init.constant(0.25f), n));
        }
        last = new Conv2d(w.at("body", 2 * layers), n, COLORS * c.scale() * c.scale(), 3);
    }

    @Override public int scale() { return config.scale(); }

    @Override public int multiple() { return 1; }

    /** As far as its convolutions reach. */
    @Override public int margin() { return convs.size() + 1; }

    /** Two feature maps at the size of the input, or images of the result's size: the last convolution's, shuffled, and their sum. */
    @Override public long bytesPerPixel() {
        return Float.BYTES * Math.max(2L * config.features() / (config.scale() * config.scale()), 3L * COLORS);
    }

    @Override public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (int i = 0; i < convs.size(); i++) {
                h = s.replace(h, convs.get(i).forward(h));                            // [B, H, W, n]
                h = s.replace(h, h.prelu(slopes.get(i)));
            }
            h = s.replace(h, last.forward(h));                                        // [B, H, W, 3*scale*scale]
            h = s.replace(h, h.pixelShuffle(scale()));                                // [B, scale*H, scale*W, 3]
            return s.keep(h.add(x.upsample(h.size(1), h.size(2))));
        }
    }
}
