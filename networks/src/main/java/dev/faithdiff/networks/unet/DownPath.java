package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The down path of a U-Net: at each level its layers and, but for the last level, a convolution that halves the size. */
public final class DownPath {
    /** A layer, or the convolution that halves the size behind a level's last one. */
    private record Part(UNetLayer layer, Conv2d sampler) {
        Tensor forward(Tensor x, Tensor temb, Control control, List<Context> contexts) {
            return layer == null ? sampler.forward(x) : layer.forward(x, temb, control, contexts);
        }
    }

    private final List<Part> parts = new ArrayList<>();

    DownPath(Weights w, UNetConfig c) {
        int[] channels = c.channels();
        int width = channels[0], last = channels.length - 1;
        for (int i = 0; i <= last; i++) {
            Weights block = w.at("down_blocks", i);
            for (int j = 0; j < c.layers(); j++) {
                parts.add(new Part(UNetLayer.of(block, c, Site.Part.DOWN, i, j, width), null));
                width = channels[i];
            }
            if (i == last) continue;
            parts.add(new Part(null, new Conv2d(block.at("downsamplers.0.conv"), width, width, 3, new Conv2dOp(2, 1, 1, 1, 1))));
        }
    }

    /**
     * The skips, outermost first: the input, the result of each layer and of each halving {@code [B, h/2^i, w/2^i, channels[i]]}. The last
     * one is what the middle takes.
     *
     * @param h    features {@code [B, h, w, channels[0]]}, or one row for all of the batch
     * @param temb from {@link TimeEmbedding}, null where the network knows no time
     */
    List<Tensor> forward(Tensor h, Tensor temb, Control control, List<Context> contexts) {
        List<Tensor> skips = begin(h, temb);
        go(skips, parts.size(), temb, control, contexts);
        return skips;
    }

    /** The first skip alone, to which {@link #go} adds. */
    List<Tensor> begin(Tensor h, Tensor temb) {
        return new ArrayList<>(List.of(temb != null && h.size(0) < temb.size(0) ? repeat(h, temb.size(0)) : h));
    }

    /** Adds the skips up to that of the part {@code until}, layers and halvings counted from 1; at most all. */
    void go(List<Tensor> skips, int until, Tensor temb, Control control, List<Context> contexts) {
        for (int i = skips.size() - 1; i < Math.min(until, parts.size()); i++) {
            skips.add(parts.get(i).forward(skips.getLast(), temb, control, contexts));
        }
    }

    /** The number of layers and halvings. */
    int parts() { return parts.size(); }

    private static Tensor repeat(Tensor row, int times) {
        Tensor[] more = new Tensor[times - 1];
        Arrays.fill(more, row);
        return row.concat(0, more);
    }
}
