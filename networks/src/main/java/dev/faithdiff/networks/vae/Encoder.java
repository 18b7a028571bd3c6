package dev.faithdiff.networks.vae;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoder's body, from pixels to the features behind its middle block. The VAE puts a norm and a convolution behind it; FaithDiff's
 * LQ encoder is this body alone (diffusers Encoder; FaithDiff {@code denoise_encoder}).
 */
public final class Encoder {
    /** Of every norm of autoencoder and LQ encoder. */
    public static final float EPS = 1e-6f;

    /** One level; the last has no downsampler. Padding of the stride-2 convolution is on the right and bottom only. */
    private record Level(List<ResnetBlock> resnets, Conv2d downsampler) {}

    private final Conv2d convIn;
    private final List<Level> levels = new ArrayList<>();
    private final VaeMidBlock mid;

    public Encoder(Weights w, int[] channels, int layers, int groups, boolean midAttention) {
        convIn = new Conv2d(w.at("conv_in"), 3, channels[0], 3);
        int width = channels[0];
        for (int i = 0; i < channels.length; i++) {
            Weights b = w.at("down_blocks", i);
            List<ResnetBlock> resnets = new ArrayList<>();
            for (int j = 0; j < layers; j++) {
                resnets.add(new ResnetBlock(b.at("resnets", j), width, channels[i], 0, groups, EPS));
                width = channels[i];
            }
            levels.add(new Level(resnets, i == channels.length - 1 ? null
                    : new Conv2d(b.at("downsamplers.0.conv"), width, width, 3, new Conv2dOp(2, 0, 1, 0, 1))));
        }
        mid = new VaeMidBlock(w.at("mid_block"), width, groups, midAttention);
    }

    /** Bytes held at the peak for each pixel: three maps of full size, such as a resnet's input, its norm and the norm's convolution. */
    public static long bytesPerPixel(int channels) { return 3L * channels * Float.BYTES; }

    /** {@code [B, H, W, 3]} in -1..1 to {@code [B, H/2^n, W/2^n, channels]}. */
    public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            // 1. in
            Tensor h = convIn.forward(x);                                             // [B, H, W, channels[0]]
            // 2. down: resnets, then half the size, at all levels but the last
            for (Level level : levels) {
                for (ResnetBlock r : level.resnets) h = s.replace(h, r.forward(h, null));
                if (level.downsampler != null) h = s.replace(h, level.downsampler.forward(h)); // [B, H/2^i, W/2^i, channels[i - 1]]
            }
            // 3. middle
            return s.keep(mid.forward(h));
        }
    }

    /** The features behind the resnets of the levels {@code from..to-1}: {@code [B, H/2^i, W/2^i, channels[i]]}. */
    List<Tensor> features(Tensor x, int from, int to) {
        List<Tensor> features = new ArrayList<>();
        try (Scope s = Scope.open()) {
            Tensor h = convIn.forward(x);
            for (int i = 0; i < to; i++) {
                if (i > 0) h = s.replace(h, levels.get(i - 1).downsampler.forward(h));
                for (ResnetBlock r : levels.get(i).resnets) h = s.replace(h, r.forward(h, null));
                if (i >= from) features.add(s.keep(h));
            }
        }
        return features;
    }

    /** The same for tiles side by side. */
    void forward(SideBySide tiles) {
        tiles.each(convIn::forward);
        for (Level level : levels) {
            level.resnets.forEach(r -> r.forward(tiles));
            if (level.downsampler != null) tiles.each(level.downsampler::forward);
        }
        mid.forward(tiles);
    }
}
