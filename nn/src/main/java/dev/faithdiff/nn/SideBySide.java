package dev.faithdiff.nn;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The tiles of one image on their way through a network: all of them take a layer before the next one begins, and at each GroupNorm they share
 * their statistics (Tiled VAE). Memory holds all tiles, but only one layer's work of one of them.
 */
public final class SideBySide implements AutoCloseable {
    private final SharedStatistics statistics;
    private List<Tensor> tiles;
    private Scope held;

    private SideBySide(SharedStatistics statistics, List<Tensor> tiles, Scope held) {
        this.statistics = statistics;
        this.tiles = tiles;
        this.held = held;
    }

    /** Tiles {@code [1, h, w, C]} that stay their scope's own. */
    public static SideBySide of(List<Tensor> tiles) { return new SideBySide(new SharedStatistics(), tiles, Scope.detached()); }

    /** The tiles as they are now. They live until the next layer. */
    public List<Tensor> tiles() { return tiles; }

    /** Every tile takes a layer. */
    public void each(UnaryOperator<Tensor> layer) { become(moved(tiles, (t, _) -> layer.apply(t))); }

    /** Every tile takes a norm whose statistics are those of all of them. */
    public void norm(GroupNorm norm, boolean silu) {
        statistics.measure(norm, tiles);
        each(t -> statistics.norm(norm, t, silu));
    }

    /**
     * Every tile takes a branch of layers, and then what joins the branch's result with what the tile was before.
     *
     * @param join of the branch's result and the tile before
     */
    public void residual(Consumer<SideBySide> branch, BinaryOperator<Tensor> join) {
        SideBySide inner = new SideBySide(statistics, tiles, Scope.detached());
        try {
            branch.accept(inner);
            become(inner.moved(tiles, join));
        } finally {
            inner.held.close();
        }
    }

    /** Of each of these tiles and the one in the same place of others. */
    private Moved moved(List<Tensor> others, BinaryOperator<Tensor> layer) {
        Scope next = Scope.detached();
        List<Tensor> all = new ArrayList<>();
        for (int i = 0; i < tiles.size(); i++) {
            try (Scope _ = Scope.open()) {
                all.add(next.adopt(layer.apply(tiles.get(i), others.get(i))));
            }
        }
        return new Moved(all, next);
    }

    private record Moved(List<Tensor> tiles, Scope held) {}

    private void become(Moved moved) {
        Scope before = held;
        tiles = moved.tiles;
        held = moved.held;
        before.close();
    }

    @Override public void close() {
        held.close();
        statistics.close();
    }
}
