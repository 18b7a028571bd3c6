package dev.faithdiff.networks.unet;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What cross-attention looks at: states {@code [B, tokens, width]} of a text or an image, with each layer's keys and values. These depend
 * on nothing else, so they are computed once for all denoising steps of an image, as is what other layers make of their weights alone.
 */
public final class Context {
    /** Keys and values of one layer, {@code [B, tokens, channels]}. */
    record Projected(Tensor keys, Tensor values) {}

    private final Tensor states;
    private final Scope owner; // null: nothing is kept
    private final Map<Object, Tensor[]> layers = new IdentityHashMap<>();

    /** A context that lives as long as the scope that is open now. */
    public Context(Tensor states) { this(states, Scope.current()); }

    /** A context that lives as long as a scope. */
    public Context(Tensor states, Scope owner) {
        this.states = states;
        this.owner = owner;
    }

    /** A context that keeps no keys and values: for training, where a tape must see each layer compute its own. */
    public static Context once(Tensor states) { return new Context(states, null); }

    public Tensor states() { return states; }

    Projected of(Object layer, Supplier<Projected> project) {
        Tensor[] kept = kept(layer, () -> {
            Projected p = project.get();
            return new Tensor[] {p.keys, p.values};
        });
        return new Projected(kept[0], kept[1]);
    }

    /** What a layer makes of its weights and these states: made at its first use, and then the same tensors; if nothing is kept, made anew. */
    public Tensor[] kept(Object layer, Supplier<Tensor[]> make) {
        if (owner == null) return make.get();
        return layers.computeIfAbsent(layer, _ -> {
            Tensor[] made = make.get();
            for (int i = 0; i < made.length; i++) made[i] = owner.adopt(made[i]);
            return made;
        });
    }
}
