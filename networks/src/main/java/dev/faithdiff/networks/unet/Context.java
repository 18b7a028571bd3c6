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

    /** Sees what attends to the states of a {@linkplain #watchedBy watched} context. It changes nothing and keeps no tensor that it was given. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * A block is about to attend.
         *
         * @param block   stands for its attention in all steps
         * @param queries {@code [B, height*width, heads*d]} of the place's map, row by row
         * @param keys    {@code [B, tokens, heads*d]}
         */
        void attends(Place place, Object block, Tensor queries, Tensor keys, int heads);
    }

    /** The layer of a U-Net whose transformer attends, and the size of its map. */
    public record Place(Site.Layer layer, int height, int width) {}

    private final Tensor states;
    private final Scope owner; // null: nothing is kept
    private final Map<Object, Tensor[]> layers;
    private final Watcher watcher; // null: nobody
    private final Place place;

    /** A context that lives as long as the scope that is open now. */
    public Context(Tensor states) { this(states, Scope.current()); }

    /** A context that lives as long as a scope. */
    public Context(Tensor states, Scope owner) { this(states, owner, new IdentityHashMap<>(), null, null); }

    private Context(Tensor states, Scope owner, Map<Object, Tensor[]> layers, Watcher watcher, Place place) {
        this.states = states;
        this.owner = owner;
        this.layers = layers;
        this.watcher = watcher;
        this.place = place;
    }

    /** A context that keeps no keys and values: for training, where a tape must see each layer compute its own. */
    public static Context once(Tensor states) { return new Context(states, null); }

    /** This context, with somebody who sees each attention to it. Work with it must not be recorded by a {@link dev.faithdiff.tensor.Replay}. */
    public Context watchedBy(Watcher watcher) { return new Context(states, owner, layers, watcher, null); }

    /** Whether somebody sees the attentions to it. */
    public boolean isWatched() { return watcher != null; }

    /** This context as a layer attends to it. @param h the layer's features {@code [B, height, width, C]} */
    Context from(Site.Layer layer, Tensor h) {
        return watcher == null ? this : new Context(states, owner, layers, watcher, new Place(layer, h.size(1), h.size(2)));
    }

    void attends(Object block, Tensor queries, Tensor keys, int heads) {
        if (watcher != null) watcher.attends(place, block, queries, keys, heads);
    }

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
