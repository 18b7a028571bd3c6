package dev.faithdiff.networks.lpips;

import dev.faithdiff.networks.Backbone;
import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * LPIPS 0.1 (Zhang et al., 2018): how far apart a backbone's maps of two images are, each pixel's channels taken as a direction, with a learned
 * weight for each channel. 0 for equal images. Source: PerceptualSimilarity lpips.py.
 */
public final class Lpips implements Scorer {
    private static final float EPS = 1e-10f;
    /** Of an input in -1..1. */
    private static final InputNorm INPUT = new InputNorm(new float[] {-0.030f, -0.088f, -0.188f}, new float[] {0.458f, 0.448f, 0.450f});

    private final Backbone backbone;
    private final Tensor[] weights;

    public Lpips(Weights w, Backbone backbone) {
        this.backbone = backbone;
        int[] channels = backbone.channels();
        weights = new Tensor[channels.length];
        for (int i = 0; i < weights.length; i++) weights[i] = w.get("lin" + i + ".model.1.weight", Init.uniform(channels[i]), 1, 1, 1, channels[i]);
    }

    @Override public int leastSide() { return backbone.leastSide(); }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            List<Tensor> a = maps(x), b = maps(reference);
            Tensor sum = null;
            for (int i = 0; i < weights.length; i++) {
                Tensor d = distance(a.get(i), b.get(i), weights[i]);
                sum = sum == null ? d : sum.add(d);
            }
            return s.keep(sum.reshape(1));
        }
    }

    private List<Tensor> maps(Tensor x) { return backbone.maps(INPUT.normalize(x.affine(2, -1))); }

    private static Tensor distance(Tensor a, Tensor b, Tensor weight) {
        try (Scope s = Scope.open()) {
            Tensor d = unit(a).sub(unit(b));                                          // [1, h, w, C]
            return s.keep(d.mul(d).mean(1, 2).mul(weight).sum(3));                    // [1, 1, 1, 1]
        }
    }

    /** Each pixel's channels, divided by their length. */
    private static Tensor unit(Tensor map) {
        try (Scope s = Scope.open()) {
            return s.keep(map.div(map.mul(map).sum(3).sqrt().affine(1, EPS)));
        }
    }
}
