package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The up path of a U-Net: at each level its layers, each of which takes a skip, and, but for the outermost, a convolution at twice the size. */
public final class UpPath {
    /** A layer with the skip that it takes, and the convolution at twice the size behind a level's last one. */
    private record Step(UNetLayer layer, Site.Skip skip, Site.Joined joined, Conv2d sampler) {
        Tensor forward(Tensor h, List<Tensor> skips, Tensor temb, Control control, List<Context> contexts) {
            try (Scope s = Scope.open()) {
                Tensor taken = skips.get(skip.index());
                Tensor both = control.at(joined, h.concat(3, control.at(skip, taken)));   // [B, H, W, in + skip]
                Tensor x = layer.forward(both, temb, control, contexts);                  // [B, H, W, channels]
                if (sampler == null) return s.keep(x);
                Tensor size = skips.get(skip.index() - 1); // sides that do not halve evenly: the next skip's are right
                if (size.size(1) == 2 * x.size(1) && size.size(2) == 2 * x.size(2)) return s.keep(sampler.upsampled(x));
                x = s.replace(x, x.upsample(size.size(1), size.size(2)));
                return s.keep(sampler.forward(x));
            }
        }
    }

    private final List<Step> steps = new ArrayList<>();

    UpPath(Weights w, UNetConfig c) {
        int[] channels = c.channels();
        List<Integer> widths = c.skipWidths();
        int last = channels.length - 1, width = channels[last], skip = widths.size();
        for (int i = last; i >= 0; i--) {
            Weights block = w.at("up_blocks", last - i);
            for (int j = 0; j <= c.layers(); j++) {
                skip--;
                UNetLayer layer = UNetLayer.of(block, c, Site.Part.UP, i, j, width + widths.get(skip));
                width = channels[i];
                Conv2d sampler = i == 0 || j < c.layers() ? null : new Conv2d(block.at("upsamplers.0.conv"), width, width, 3);
                steps.add(new Step(layer, new Site.Skip(skip), new Site.Joined(i, j), sampler));
            }
        }
    }

    /** The number of layers. */
    int layers() { return steps.size(); }

    /** Runs the layers {@code from..to-1}. @param h what the first of them takes @return what the last one gives, enlarged if it ends a level */
    Tensor forward(Tensor h, List<Tensor> skips, int from, int to, Tensor temb, Control control, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            Tensor x = h;
            for (Step step : steps.subList(from, to)) x = s.replace(x, step.forward(x, skips, temb, control, contexts));
            return s.keep(x);
        }
    }
}
