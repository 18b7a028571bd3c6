package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The way up of a U-Net: at each level its layers, each of which takes a skip, and, but for the outermost, a convolution at twice the size. */
public final class UpPath {
    /** A layer with the skip that it takes. */
    private record Step(UNetLayer layer, Site.Skip skip, Site.Joined joined) {
        Tensor forward(Tensor h, Tensor taken, Tensor temb, Control control, List<Context> contexts) {
            try (Scope s = Scope.open()) {
                Tensor both = control.at(joined, h.concat(3, control.at(skip, taken)));   // [B, H, W, in + skip]
                return s.keep(layer.forward(both, temb, control, contexts));              // [B, H, W, channels]
            }
        }
    }

    private record Level(List<Step> steps, Conv2d sampler) {}

    private final List<Level> levels = new ArrayList<>();

    /** @param widths of the skips, outermost first */
    UpPath(Weights w, UNetConfig c, List<Integer> widths) {
        int[] channels = c.channels();
        int last = channels.length - 1, width = channels[last], skip = widths.size();
        for (int i = last; i >= 0; i--) {
            Weights block = w.at("up_blocks", last - i);
            Conv2d sampler = i == 0 ? null : new Conv2d(block.at("upsamplers.0.conv"), channels[i], channels[i], 3);
            List<Step> steps = new ArrayList<>();
            for (int j = 0; j <= c.layers(); j++) {
                skip--;
                UNetLayer layer = UNetLayer.of(block, c, Site.Part.UP, i, j, width + widths.get(skip));
                steps.add(new Step(layer, new Site.Skip(skip), new Site.Joined(i, j)));
                width = channels[i];
            }
            levels.add(new Level(steps, sampler));
        }
    }

    /** @param h the middle's result @return {@code [B, h, w, channels[0]]} */
    Tensor forward(Tensor h, List<Tensor> skips, Tensor temb, Control control, List<Context> contexts) {
        try (Scope s = Scope.open()) {
            Tensor x = h;
            int next = skips.size() - 1;
            for (Level level : levels) {
                for (Step step : level.steps) {
                    x = s.replace(x, step.forward(x, skips.get(next), temb, control, contexts));
                    next--;
                }
                if (level.sampler == null) continue;
                Tensor size = skips.get(next); // sides that do not halve evenly: the skip's are right
                x = s.replace(x, x.upsample(size.size(1), size.size(2)));
                x = s.replace(x, level.sampler.forward(x));
            }
            return s.keep(x);
        }
    }
}
