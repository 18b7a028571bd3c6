package dev.faithdiff.networks.pasd;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.SpatialTransformer;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Pixel-aware cross attention (Yang et al. 2024): after each layer of a U-Net's up path a transformer that attends to what a ControlNet adds
 * to the layer's skip, pixel to pixel. Levels without attention to the text have it, too.
 */
public final class PixelAttention {
    private static final int DEPTH = 1;

    /** A transformer, and the skip whose residual it attends to. */
    private record Layer(SpatialTransformer transformer, int skip) {
        Tensor forward(Tensor h, Residuals residuals) {
            Tensor seen = residuals.skips().get(skip);                                               // [B, H, W, width of the skip]
            return transformer.forward(h, Context.once(seen.reshape(seen.size(0), seen.size(1) * seen.size(2), seen.size(3))));
        }
    }

    private final Map<Site, Layer> layers = new HashMap<>();

    /** @param w the U-Net's weights */
    public PixelAttention(Weights w, UNetConfig c) {
        List<Integer> widths = c.skipWidths();
        int last = c.channels().length - 1, skip = widths.size();
        for (int i = last; i >= 0; i--) {
            for (int j = 0; j <= c.layers(); j++) {
                skip--;
                Weights own = w.at("up_blocks", last - i).at("pixel_attentions", j);
                layers.put(new Site.Layer(Site.Part.UP, i, j), new Layer(new SpatialTransformer(own, c, i, DEPTH, widths.get(skip)), skip));
            }
        }
    }

    /** A control that adds residuals as any ControlNet's, and lets the U-Net attend to them. */
    public Control to(Residuals residuals) {
        return (site, h) -> {
            Layer layer = layers.get(site);
            return layer == null ? residuals.at(site, h) : layer.forward(h, residuals);
        };
    }
}
