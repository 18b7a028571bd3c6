package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;

/**
 * How the branches of the photo and of the cleaned photo act on the base behind one block: the first attends to the second, what it finds is
 * added, and the second's and the first's modulators change what comes of that.
 */
final class Fusion {
    private static final float EPS = 1e-5f;

    private final int width, heads;
    private final LayerNorm normLq, normPre;
    private final Linear query, keyValue, proj, mapProj;
    private final Modulator pre;
    private final ModulatorMixture lq;

    Fusion(Weights w, DreamClearConfig c, int block) {
        width = c.width();
        heads = c.heads();
        Weights cross = w.at("cross_de", block);
        normLq = new LayerNorm(cross.at("norm1"), width, EPS);
        normPre = new LayerNorm(cross.at("norm2"), width, EPS);
        query = new Linear(cross.at("q_linear"), width, width);
        keyValue = new Linear(cross.at("kv_linear"), width, 2 * width);
        proj = new Linear(cross.at("proj"), width, width);
        mapProj = new Linear(cross.at("de_proj"), width, width);
        pre = new Modulator(w.at("am_pre", block), width);
        lq = new ModulatorMixture(w.at("am_lq", block), width);
    }

    /** Tokens of the base {@code [B, N, width]}, as the result. @param lq of the photo's branch @param cleaned of the cleaned photo's */
    Tensor forward(Tensor x, Tensor photo, Tensor cleaned, DreamClearNet.Watcher watcher) {
        return Tape.recompute(() -> {
            try (Scope s = Scope.open()) {
                Tensor found = found(photo, cleaned);
                Tensor ref = proj.forward(found), map = mapProj.forward(found);
                watcher.sees("ref", ref);
                watcher.sees("de_map", map);
                Tensor h = x.add(ref);
                Modulator.Change change = pre.of(cleaned);
                watcher.sees("pre.gamma", change.gamma());
                watcher.sees("pre.beta", change.beta());
                h = s.replace(h, change.apply(h));
                Tensor gate = lq.gate(map);
                watcher.sees("lq.gate", gate);
                change = lq.of(photo, gate);
                watcher.sees("lq.gamma", change.gamma());
                watcher.sees("lq.beta", change.beta());
                return s.keep(change.apply(h));
            }
        });
    }

    /**
     * What the photo's tokens find in the cleaned photo's. As published, all rows are one sequence, so that each token also sees those of the
     * other row: rows of guidance must come together.
     */
    private Tensor found(Tensor photo, Tensor cleaned) {
        int b = photo.size(0), n = photo.size(1);
        try (Scope s = Scope.open()) {
            Tensor q = query.forward(normLq.forward(photo)).reshape(1, b * n, width);
            Tensor kv = keyValue.forward(normPre.forward(cleaned)).reshape(1, b * n, 2 * width);
            Tensor k = kv.slice(2, 0, width), v = kv.slice(2, width, 2 * width);
            return s.keep(q.attention(k, v, heads, false)).reshape(b, n, width);
        }
    }
}
