package dev.faithdiff.networks.unet;

import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * Lets a U-Net leave out its inner part. The U-Net runs the first parts of its down path, asks for what its inner part would give, and runs the
 * last layers of its up path on that.
 */
public interface Shortcut {
    /** Leaves nothing out. */
    Shortcut NONE = new Shortcut() {
        @Override public int down(int layers) { return 0; }

        @Override public int up() { return 0; }

        @Override public Tensor inside(List<Tensor> seen, Supplier<Tensor> inner) { return inner.get(); }
    };

    /** The number of layers and halvings of the down path that always run, outermost first. @param layers of each level */
    int down(int layers);

    /** The number of layers of the up path that always run, the last ones. */
    int up();

    /**
     * What the inner part gives, or stands for it, in the current scope or in one that lives longer.
     *
     * @param seen  the first features {@code [B, h, w, C]} and what each of the parts behind them gave
     * @param inner computes the inner part
     */
    Tensor inside(List<Tensor> seen, Supplier<Tensor> inner);
}
