package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The way down of a U-Net: at each level its layers and, but for the last level, a convolution that halves the size. */
public final class DownPath {
    private record Level(List<UNetLayer> layers, Conv2d sampler) {}

    private final List<Level> levels = new ArrayList<>();
    private final List<Integer> widths = new ArrayList<>();

    DownPath(Weights w, UNetConfig c) {
        int[] channels = c.channels();
        int width = channels[0], last = channels.length - 1;
        widths.add(width);
        for (int i = 0; i <= last; i++) {
            Weights block = w.at("down_blocks", i);
            Conv2d sampler = i == last ? null
                    : new Conv2d(block.at("downsamplers.0.conv"), channels[i], channels[i], 3, new Conv2dOp(2, 1, 1, 1, 1));
            List<UNetLayer> layers = new ArrayList<>();
            for (int j = 0; j < c.layers(); j++) {
                layers.add(UNetLayer.of(block, c, Site.Part.DOWN, i, j, width));
                width = channels[i];
                widths.add(width);
            }
            if (sampler != null) widths.add(width);
            levels.add(new Level(layers, sampler));
        }
    }

    /** The width of each skip, outermost first. */
    List<Integer> widths() { return widths; }

    /**
     * The skips, outermost first: the input, the result of each layer and of each halving {@code [B, h/2^i, w/2^i, channels[i]]}. The last
     * one is what the middle takes.
     *
     * @param h    features {@code [B, h, w, channels[0]]}, or one row for all of the batch
     * @param temb from {@link TimeEmbedding}, null where the network knows no time
     */
    List<Tensor> forward(Tensor h, Tensor temb, Control control, List<Context> contexts) {
        Tensor x = temb != null && h.size(0) < temb.size(0) ? repeat(h, temb.size(0)) : h;
        List<Tensor> skips = new ArrayList<>(List.of(x));
        for (Level level : levels) {
            for (UNetLayer layer : level.layers) skips.add(layer.forward(skips.getLast(), temb, control, contexts));
            if (level.sampler != null) skips.add(level.sampler.forward(skips.getLast()));
        }
        return skips;
    }

    private static Tensor repeat(Tensor row, int times) {
        Tensor[] more = new Tensor[times - 1];
        Arrays.fill(more, row);
        return row.concat(0, more);
    }
}
