package dev.faithdiff.networks.supir;

import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.FirstHalf.Features;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What joins SUPIR's control to its U-Net (SUPIR_v0.py LightGLVUNet): a {@link ZeroSft} after the middle and one before each layer of the up
 * path, and a {@link ZeroCrossAttention} where a level of the up path ends, before its size is doubled.
 */
public final class Connectors {
    /** A connector, and the number of the skip that the control saw; -1: its middle. */
    private record Joint(Connector connector, int skip) {
        Tensor forward(Tensor h, Features seen) { return connector.forward(h, skip < 0 ? seen.middle() : seen.skips().get(skip)); }
    }

    private final Map<Site, Joint> joints = new HashMap<>();

    /** @param w with {@code project_modules}, which are numbered against the order in which they run @param hidden width inside a ZeroSFT */
    public Connectors(Weights w, UNetConfig c, int hidden) {
        List<Integer> widths = c.skipWidths();
        int[] channels = c.channels();
        int last = channels.length - 1, skip = widths.size(), number = skip + last, width = channels[last];
        joints.put(new Site.Middle(), new Joint(new ZeroSft(w.at("project_modules", number), width, 0, width, hidden, c.norm()), -1));
        for (int i = last; i >= 0; i--) {
            for (int j = 0; j <= c.layers(); j++) {
                int seen = widths.get(--skip);
                ZeroSft scaling = new ZeroSft(w.at("project_modules", --number), seen, width, seen, hidden, c.norm());
                joints.put(new Site.Joined(i, j), new Joint(scaling, skip));
                width = channels[i];
            }
            if (i == 0) continue;
            int seen = widths.get(skip), heads = c.transformers().heads()[i];
            Site end = new Site.Layer(Site.Part.UP, i, c.layers());
            joints.put(end, new Joint(new ZeroCrossAttention(w.at("project_modules", --number), seen, width, heads, c.norm()), skip));
        }
    }

    /** A control by what the control saw. @param scale how much it counts; 0: the U-Net is as it was before */
    public Control to(Features seen, float scale) {
        return (site, h) -> {
            Joint joint = joints.get(site);
            if (joint == null) return h;
            try (Scope s = Scope.open()) {
                Tensor changed = joint.forward(h, seen);
                return s.keep(scale == 1 ? changed : changed.mul(scale).add(h.mul(1 - scale)));
            }
        };
    }
}
