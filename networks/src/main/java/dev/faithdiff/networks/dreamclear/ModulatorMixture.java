package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** DreamClear's mixture of adaptive modulators: a map of the degradation says for each token how much each of them counts. All of them run. */
final class ModulatorMixture {
    private static final int EXPERTS = 3, GATE = 24;

    private final List<Modulator> experts = new ArrayList<>();
    private final Linear gate1, gate2;

    ModulatorMixture(Weights w, int width) {
        for (int i = 0; i < EXPERTS; i++) experts.add(new Modulator(w.at("experts", i), width));
        gate1 = new Linear(w.at("gate.0"), width, GATE);
        gate2 = new Linear(w.at("gate.2"), GATE, EXPERTS);
    }

    /** {@code [B, N, 3]} before softmax. @param map of the degradation, {@code [B, N, width]} */
    Tensor gate(Tensor map) {
        try (Scope s = Scope.open()) {
            return s.keep(gate2.forward(gate1.forward(map).geluTanh()));
        }
    }

    /** @param gate as {@link #gate} gives it */
    Modulator.Change of(Tensor tokens, Tensor gate) {
        try (Scope s = Scope.open()) {
            Tensor shares = gate.softmax(), gamma = null, beta = null;
            for (int i = 0; i < EXPERTS; i++) {
                Tensor share = shares.slice(2, i, i + 1);                                // [B, N, 1]
                Modulator.Change c = experts.get(i).of(tokens);
                Tensor g = s.replace(c.gamma(), c.gamma().mul(share)), b = s.replace(c.beta(), c.beta().mul(share));
                gamma = gamma == null ? g : s.replace(gamma, gamma.add(g));
                beta = beta == null ? b : s.replace(beta, beta.add(b));
            }
            return new Modulator.Change(s.keep(gamma), s.keep(beta));
        }
    }
}
