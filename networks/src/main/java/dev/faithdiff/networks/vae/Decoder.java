package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** From latents to pixels (diffusers Decoder). */
final class Decoder {
    /** One level; the last has no upsampler. */
    private record Level(List<ResnetBlock> resnets, Conv2d upsampler) {}

    private final Conv2d convIn, convOut;
    private final VaeMidBlock mid;
    private final List<Level> levels = new ArrayList<>();
    private final GroupNorm normOut;

    Decoder(Weights w, VaeConfig c) {
        int[] channels = c.channels();
        int last = channels.length - 1, width = channels[last];
        convIn = new Conv2d(w.at("conv_in"), c.latentChannels(), width, 3);
        mid = new VaeMidBlock(w.at("mid_block"), width, c.groups(), c.midAttention());
        for (int i = last; i >= 0; i--) {
            Weights b = w.at("up_blocks", last - i);
            List<ResnetBlock> resnets = new ArrayList<>();
            for (int j = 0; j <= c.layers(); j++) {
                resnets.add(new ResnetBlock(b.at("resnets", j), width, channels[i], 0, c.groups(), Encoder.EPS));
                width = channels[i];
            }
            levels.add(new Level(resnets, i == 0 ? null : new Conv2d(b.at("upsamplers.0.conv"), width, width, 3)));
        }
        normOut = new GroupNorm(w.at("conv_norm_out"), width, c.groups(), Encoder.EPS);
        convOut = new Conv2d(w.at("conv_out"), width, 3, 3);
    }

    /** {@code [B, h, w, latentChannels]} to {@code [B, H, W, 3]}. */
    Tensor forward(Tensor z) {
        try (Scope s = Scope.open()) {
            // 1. in, middle
            Tensor h = convIn.forward(z);                                             // [B, h, w, channels[last]]
            h = s.replace(h, mid.forward(h));
            // 2. up: resnets, then twice the size, at all levels but the last
            for (Level level : levels) {
                for (ResnetBlock r : level.resnets) h = s.replace(h, r.forward(h, null));
                if (level.upsampler == null) continue;
                h = s.replace(h, h.upsample(2 * h.size(1), 2 * h.size(2)));
                h = s.replace(h, level.upsampler.forward(h));                         // [B, 2^i h, 2^i w, channels[last - i]]
            }
            // 3. out
            h = s.replace(h, normOut.forwardSilu(h));
            return s.keep(convOut.forward(h));                                        // [B, H, W, 3]
        }
    }
}
