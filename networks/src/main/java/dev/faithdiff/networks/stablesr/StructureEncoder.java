package dev.faithdiff.networks.stablesr;

import dev.faithdiff.networks.unet.TimeEmbedding;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The photo's latents at a timestep as one map for each level of a U-Net, by which {@link Spade} modulates the level (Wang et al. 2024; StableSR
 * EncoderUNetModelWT): the first half of a U-Net, and after each level a resnet of its own.
 */
public final class StructureEncoder {
    static final float EPS = 1e-5f;
    /** How much wider than the first level the time embedding is. */
    private static final int TIME = 4;

    /** A resnet, and the attention after it, if any. */
    private record Layer(ResnetBlock resnet, PixelSelfAttention attention) {
        Tensor forward(Tensor x, Tensor temb) {
            try (Scope s = Scope.open()) {
                Tensor h = resnet.forward(x, temb);
                return s.keep(attention == null ? h : attention.forward(h));
            }
        }
    }

    /** One level; the last has no downsampler. */
    private record Level(List<Layer> layers, Conv2d downsampler, ResnetBlock out) {}

    private final TimeEmbedding time;
    private final Conv2d convIn;
    private final List<Level> levels = new ArrayList<>();
    private final Layer first, second;

    public StructureEncoder(Weights w, StructureConfig c) {
        int[] channels = c.channels();
        int last = channels.length - 1, width = channels[0], temb = TIME * channels[0], groups = c.groups();
        time = new TimeEmbedding(w, channels[0], new UNetConfig.Time(temb, 0, 0));
        convIn = new Conv2d(w.at("conv_in"), c.inChannels(), width, 3);
        for (int i = 0; i <= last; i++) {
            Weights block = w.at("down_blocks", i);
            List<Layer> layers = new ArrayList<>();
            for (int j = 0; j < c.layers(); j++) {
                ResnetBlock resnet = new ResnetBlock(block.at("resnets", j), width, channels[i], temb, groups, EPS);
                width = channels[i];
                layers.add(new Layer(resnet, i < c.attending() ? new PixelSelfAttention(block.at("attentions", j), width, c.heads(), groups) : null));
            }
            Conv2d half = i == last ? null : new Conv2d(block.at("downsamplers.0.conv"), width, width, 3, new Conv2dOp(2, 1, 1, 1, 1));
            levels.add(new Level(layers, half, new ResnetBlock(w.at("fea_tran", i), width, c.outChannels(), temb, groups, EPS)));
        }
        Weights middle = w.at("mid_block");
        first = new Layer(new ResnetBlock(middle.at("resnets.0"), width, width, temb, groups, EPS),
                new PixelSelfAttention(middle.at("attentions.0"), width, c.heads(), groups));
        second = new Layer(new ResnetBlock(middle.at("resnets.1"), width, width, temb, groups, EPS), null);
    }

    /** The maps, outermost first: {@code [1, h/2^i, w/2^i, outChannels]}. @param x latents {@code [1, h, w, C]} on the scale of the diffusion */
    public List<Tensor> forward(Tensor x, float timestep) {
        List<Tensor> maps = new ArrayList<>();
        try (Scope s = Scope.open()) {
            Tensor temb = time.forward(new float[] {timestep}, x);                    // [1, 4 * channels[0]]
            Tensor h = convIn.forward(x);                                             // [1, h, w, channels[0]]
            for (Level level : levels) {
                for (Layer layer : level.layers) h = s.replace(h, layer.forward(h, temb)); // [1, h/2^i, w/2^i, channels[i]]
                if (level.downsampler == null) {
                    h = s.replace(h, first.forward(h, temb));
                    h = s.replace(h, second.forward(h, temb));
                }
                maps.add(s.keep(level.out.forward(h, temb)));                         // [1, h/2^i, w/2^i, outChannels]
                if (level.downsampler != null) h = s.replace(h, level.downsampler.forward(h));
            }
        }
        return maps;
    }
}
