package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder's body, from the features before its middle block to pixels. The VAE puts a convolution before it; AdcSR's decoder is this body
 * alone (diffusers Decoder).
 */
public final class DecoderBody {
    /** One level; the last has no upsampler. */
    private record Level(List<ResnetBlock> resnets, Conv2d upsampler) {}

    private final Conv2d convOut;
    private final VaeMidBlock mid;
    private final List<Level> levels = new ArrayList<>();
    private final GroupNorm normOut;

    /** @param channels width of each level, outermost first @param layers resnets of a level */
    public DecoderBody(Weights w, int[] channels, int layers, int groups, boolean midAttention) {
        int last = channels.length - 1, width = channels[last];
        mid = new VaeMidBlock(w.at("mid_block"), width, groups, midAttention);
        for (int i = last; i >= 0; i--) {
            Weights b = w.at("up_blocks", last - i);
            List<ResnetBlock> resnets = new ArrayList<>();
            for (int j = 0; j < layers; j++) {
                resnets.add(new ResnetBlock(b.at("resnets", j), width, channels[i], 0, groups, Encoder.EPS));
                width = channels[i];
            }
            levels.add(new Level(resnets, i == 0 ? null : new Conv2d(b.at("upsamplers.0.conv"), width, width, 3)));
        }
        normOut = new GroupNorm(w.at("conv_norm_out"), width, groups, Encoder.EPS);
        convOut = new Conv2d(w.at("conv_out"), width, 3, 3);
    }

    /** Bytes held at the peak for each pixel: the second level's width is upsampled before it narrows. */
    public static long bytesPerPixel(int[] channels) {
        return Encoder.bytesPerPixel(Math.max(channels[0], channels[Math.min(1, channels.length - 1)]));
    }

    /** {@code [B, h, w, channels[last]]} to {@code [B, H, W, 3]}. */
    public Tensor forward(Tensor x) { return forward(x, LevelControl.NONE); }

    /** As {@link #forward(Tensor)}. @param control acts behind the resnets of each level */
    Tensor forward(Tensor x, LevelControl control) {
        try (Scope s = Scope.open()) {
            // 1. middle
            Tensor h = mid.forward(x);                                                // [B, h, w, channels[last]]
            // 2. up: resnets, then twice the size, at all levels but the last
            int at = levels.size();
            for (Level level : levels) {
                for (ResnetBlock r : level.resnets) h = s.replace(h, r.forward(h, null));
                h = s.replace(h, control.at(--at, h));
                if (level.upsampler == null) continue;
                h = s.replace(h, level.upsampler.upsampled(h));                       // [B, 2^i h, 2^i w, channels[last - i]]
            }
            // 3. out
            h = s.replace(h, normOut.forwardSilu(h));
            return s.keep(convOut.forward(h));                                        // [B, H, W, 3]
        }
    }

    /** The same for tiles side by side. */
    void forward(SideBySide tiles) {
        mid.forward(tiles);
        for (Level level : levels) {
            level.resnets.forEach(r -> r.forward(tiles));
            if (level.upsampler != null) tiles.each(h -> level.upsampler.forward(h.upsample(2 * h.size(1), 2 * h.size(2))));
        }
        tiles.norm(normOut, true);
        tiles.each(convOut::forward);
    }
}
