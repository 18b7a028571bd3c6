package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** An adaptive modulator: scales and shifts of tokens, read from other tokens {@code [B, N, width]}. */
final class Modulator {
    /** {@code (1 + gamma) x + beta}, of x's shape. */
    record Change(Tensor gamma, Tensor beta) {
        Tensor apply(Tensor x) {
            try (Scope s = Scope.open()) {
                return s.keep(x.mul(gamma.affine(1, 1)).add(beta));
            }
        }
    }

    private final Linear shared, gamma, beta;

    Modulator(Weights w, int width) {
        shared = new Linear(w.at("shared_proj"), width, width / 2);
        gamma = new Linear(w.at("proj_mul"), width / 2, width);
        beta = new Linear(w.at("proj_add"), width / 2, width);
    }

    Change of(Tensor tokens) {
        try (Scope s = Scope.open()) {
            Tensor h = shared.forward(tokens).geluTanh();
            return new Change(s.keep(gamma.forward(h)), s.keep(beta.forward(h)));
        }
    }
}
