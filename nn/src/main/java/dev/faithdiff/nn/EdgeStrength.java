package dev.faithdiff.nn;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * How much stronger or weaker feature maps are at the edges of the image than elsewhere, at each GroupNorm of a network in training.
 *
 * <p>GroupNorm removes an image's contrast. A network can carry it past the norm by one strong spot that never changes, against which the
 * rest is measured (Karras et al. 2020, section 2). Zero padding tells the network where the edges are, so the spot is put there. But how
 * much an edge contributes depends on the image's size. Crops of photos are the same at edges and elsewhere, so a loss on the difference
 * removes nothing but the spot.
 */
public final class EdgeStrength {
    /** An edge is as wide as the side divided by this. */
    private static final int PART = 16;
    private static final ScopedValue<EdgeStrength> CURRENT = ScopedValue.newInstance();

    private final List<Tensor> terms = new ArrayList<>();

    /** Runs networks and measures the inputs of their GroupNorms. */
    public Tensor run(Supplier<Tensor> networks) { return ScopedValue.where(CURRENT, this).call(networks::get); }

    /**
     * Mean square of {@code (edge - whole) / (edge + whole)} over all norms that the current tape follows and the four edges of their maps,
     * where each is a mean square of features: a number from 0 to 1. Null if there were none.
     */
    public Tensor loss() {
        if (terms.isEmpty()) return null;
        try (Scope s = Scope.open()) {
            Tensor first = terms.getFirst();
            return s.keep(first.concat(0, terms.subList(1, terms.size()).toArray(Tensor[]::new)).mean());
        }
    }

    /** Measures a norm's input. */
    static void see(Tensor x) {
        if (CURRENT.isBound() && x.rank() == 4 && Tape.follows(x)) CURRENT.get().add(x);
    }

    private void add(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor strength = x.mul(x).mean(3), whole = strength.mean().reshape(1);                 // [B, H, W, 1], [1]
            for (int axis = 1; axis <= 2; axis++) {
                int side = x.size(axis), edge = Math.max(1, side / PART);
                terms.add(s.keep(term(strength.slice(axis, 0, edge), whole)));
                terms.add(s.keep(term(strength.slice(axis, side - edge, side), whole)));
            }
        }
    }

    private static Tensor term(Tensor edge, Tensor whole) {
        Tensor strength = edge.mean().reshape(1), d = strength.sub(whole).div(strength.add(whole));
        return d.mul(d);
    }
}
