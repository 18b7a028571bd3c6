package dev.faithdiff.networks.unet;

import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * A control that adds a tensor to each skip and one to the middle's result.
 *
 * @param skips  one for each skip, outermost first, each of its shape
 * @param middle of the shape of the middle's result
 */
public record Residuals(List<Tensor> skips, Tensor middle) implements Control {
    @Override public Tensor at(Site site, Tensor h) {
        return switch (site) {
            case Site.Skip skip -> h.add(skips.get(skip.index()));
            case Site.Middle _ -> h.add(middle);
            default -> h;
        };
    }

    /** All of them times a number, the published conditioning scale. */
    public Residuals times(float scale) { return new Residuals(skips.stream().map(t -> t.mul(scale)).toList(), middle.mul(scale)); }
}
