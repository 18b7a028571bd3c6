package dev.faithdiff.networks.dists;

import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.networks.vgg.Vgg16;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/**
 * DISTS (Ding et al., 2020): compares means (texture) and covariances (structure) of the channels of two images and of their maps in a VGG-16 with
 * L2 pooling, with learned weights. 0 for equal images. Source: DISTS_pytorch.py.
 */
public final class Dists implements Scorer {
    private static final float EPS = 1e-6f;
    private static final PoolOp POOL = new PoolOp(PoolOp.Kind.L2, 3, 2, 1);

    private final Vgg16 vgg;
    private final Tensor alpha, beta;

    public Dists(Weights w, NamedShapes s) {
        vgg = new Vgg16(w, s, POOL);
        int all = 3;
        for (int c : vgg.channels()) all += c;
        alpha = w.get("alpha", Init.ONE, 1, 1, 1, all);
        beta = w.get("beta", Init.ONE, 1, 1, 1, all);
    }

    @Override public int leastSide() { return vgg.leastSide(); }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            List<Tensor> a = maps(x), b = maps(reference);
            Tensor similarity = null, weights = null;
            int from = 0;
            for (int i = 0; i < a.size(); i++) {
                int to = from + a.get(i).size(3);
                Tensor t = alpha.slice(3, from, to).to(x.dtype()), u = beta.slice(3, from, to).to(x.dtype());
                Tensor both = similarity(a.get(i), b.get(i), t, u), sum = t.add(u).sum(3);
                similarity = similarity == null ? both : similarity.add(both);
                weights = weights == null ? sum : weights.add(sum);
                from = to;
            }
            return s.keep(similarity.div(weights).affine(-1, 1).reshape(1));
        }
    }

    /** The image itself, which is not normalized, and the network's maps. */
    private List<Tensor> maps(Tensor x) {
        List<Tensor> maps = new ArrayList<>(List.of(x));
        maps.addAll(vgg.maps(InputNorm.IMAGENET.normalize(x)));
        return maps;
    }

    /** The weighted sum of all channels' similarities. Values are centred before they are multiplied: else F32 loses small variances. */
    private static Tensor similarity(Tensor a, Tensor b, Tensor texture, Tensor structure) {
        try (Scope s = Scope.open()) {
            Tensor ma = a.mean(1, 2), mb = b.mean(1, 2), da = a.sub(ma), db = b.sub(mb);
            Tensor means = ratio(ma.mul(mb), ma.mul(ma), mb.mul(mb));                 // [1, 1, 1, C]
            Tensor covariances = ratio(product(da, db), product(da, da), product(db, db));
            return s.keep(means.mul(texture).add(covariances.mul(structure)).sum(3));
        }
    }

    private static Tensor product(Tensor a, Tensor b) {
        try (Scope s = Scope.open()) {
            return s.keep(a.mul(b).mean(1, 2));
        }
    }

    private static Tensor ratio(Tensor ab, Tensor aa, Tensor bb) { return ab.affine(2, EPS).div(aa.add(bb).affine(1, EPS)); }
}
