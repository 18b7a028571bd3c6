package dev.faithdiff.sdxl;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * The SDXL U-Net (diffusers UNet2DConditionModel). Its two halves are public because FaithDiff fuses the aligned features between
 * them: {@link #embed} and {@link #denoise}.
 */
public final class UNet {
    /** One level: resnets, each followed by a transformer where the level attends, and a convolution that halves or doubles the size. */
    private record Level(List<ResnetBlock> resnets, List<SpatialTransformer> transformers, Conv2d sampler) {
        Tensor block(int i, Tensor h, Tensor temb, TextContext text) {
            h = resnets.get(i).forward(h, temb);
            return transformers.isEmpty() ? h : transformers.get(i).forward(h, text);
        }
    }

    private final UNetConfig config;
    private final Linear time1, time2, extra1, extra2;
    private final Conv2d convIn, convOut;
    private final List<Level> down = new ArrayList<>(), up = new ArrayList<>();
    private final Level mid;
    private final GroupNorm normOut;

    public UNet(Weights w, UNetConfig c) {
        config = c;
        int[] channels = c.channels();
        int last = channels.length - 1, t = c.timeChannels();
        convIn = new Conv2d(w.at("conv_in"), c.inChannels(), channels[0], 3);
        time1 = new Linear(w.at("time_embedding.linear_1"), channels[0], t);
        time2 = new Linear(w.at("time_embedding.linear_2"), t, t);
        extra1 = new Linear(w.at("add_embedding.linear_1"), c.extraWidth(), t);
        extra2 = new Linear(w.at("add_embedding.linear_2"), t, t);

        Deque<Integer> skips = new ArrayDeque<>(List.of(channels[0]));
        int width = channels[0];
        for (int i = 0; i <= last; i++) {
            Weights b = w.at("down_blocks", i);
            Level level = new Level(new ArrayList<>(), new ArrayList<>(),
                    i == last ? null : new Conv2d(b.at("downsamplers.0.conv"), channels[i], channels[i], 3, new Conv2dOp(2, 1, 1, 1, 1)));
            for (int j = 0; j < c.layers(); j++) {
                add(level, b, i, j, width);
                width = channels[i];
                skips.push(width);
            }
            if (i < last) skips.push(width);
            down.add(level);
        }

        Weights m = w.at("mid_block");
        mid = new Level(List.of(resnet(m.at("resnets", 0), width, width), resnet(m.at("resnets", 1), width, width)),
                List.of(transformer(m.at("attentions", 0), last)), null);

        for (int i = last; i >= 0; i--) {
            Weights b = w.at("up_blocks", last - i);
            Level level = new Level(new ArrayList<>(), new ArrayList<>(),
                    i == 0 ? null : new Conv2d(b.at("upsamplers.0.conv"), channels[i], channels[i], 3));
            for (int j = 0; j <= c.layers(); j++) {
                add(level, b, i, j, width + skips.pop());
                width = channels[i];
            }
            up.add(level);
        }
        normOut = new GroupNorm(w.at("conv_norm_out"), channels[0], c.groups(), c.eps());
        convOut = new Conv2d(w.at("conv_out"), channels[0], c.outChannels(), 3);
    }

    private void add(Level level, Weights block, int i, int j, int in) {
        level.resnets.add(resnet(block.at("resnets", j), in, config.channels()[i]));
        if (config.attention()[i]) level.transformers.add(transformer(block.at("attentions", j), i));
    }

    private ResnetBlock resnet(Weights w, int in, int out) {
        return new ResnetBlock(w, in, out, config.timeChannels(), config.groups(), config.eps());
    }

    private SpatialTransformer transformer(Weights w, int i) {
        return new SpatialTransformer(w, config.channels()[i], config.heads()[i], config.depth()[i], config.textWidth(), config.groups());
    }

    /** The noisy latents as features, {@code [B, h, w, channels]}: the first half of the network that does not know time or text. */
    public Tensor embed(Tensor latents) { return convIn.forward(latents); }

    /**
     * The time embedding {@code [B, timeChannels]} of a timestep, with the pooled text {@code [B, pooled]} and the six size numbers
     * {@code [B, 6]} added; as the resnets want it, after SiLU.
     */
    public Tensor embedTime(float timestep, Tensor pooled, Tensor timeIds) {
        float[] all = new float[pooled.size(0)];
        Arrays.fill(all, timestep);
        return embedTime(all, pooled, timeIds);
    }

    /** As {@link #embedTime(float, Tensor, Tensor)} with a timestep for each row. */
    public Tensor embedTime(float[] timesteps, Tensor pooled, Tensor timeIds) {
        try (Scope s = Scope.open()) {
            int b = pooled.size(0), width = config.channels()[0];
            Tensor time = sinusoid(timesteps, width, pooled).reshape(b, width);
            Tensor sizes = sinusoid(timeIds.toFloats(), config.sizeWidth(), pooled).reshape(b, 6 * config.sizeWidth());
            Tensor extra = extra2.forward(extra1.forward(pooled.concat(1, sizes)).silu());
            return s.keep(time2.forward(time1.forward(time).silu()).add(extra).silu());
        }
    }

    private static Tensor sinusoid(float[] values, int width, Tensor like) {
        return Tensor.of(Sinusoid.embed(values, width), values.length, width).to(like.device()).to(like.dtype());
    }

    /**
     * The predicted noise {@code [B, h, w, outChannels]}.
     *
     * @param h    features {@code [B, h, w, channels]} from {@link #embed}, or one row for all of the batch
     * @param temb from {@link #embedTime}
     */
    public Tensor denoise(Tensor h, Tensor temb, TextContext text) {
        try (Scope s = Scope.open()) {
            if (h.size(0) < temb.size(0)) h = repeat(h, temb.size(0));
            // 1. down: what each block makes is kept for the way up
            Deque<Tensor> skips = new ArrayDeque<>(List.of(h));
            for (Level level : down) {
                for (int j = 0; j < level.resnets.size(); j++) {
                    h = level.block(j, h, temb, text);                                // [B, h/2^i, w/2^i, channels[i]]
                    skips.push(h);
                }
                if (level.sampler == null) continue;
                h = level.sampler.forward(h);                                         // [B, h/2^(i+1), w/2^(i+1), channels[i]]
                skips.push(h);
            }
            // 2. middle: resnet, transformer, resnet
            h = mid.block(0, h, temb, text);
            h = mid.resnets.get(1).forward(h, temb);
            // 3. up: each block also sees what its counterpart on the way down made
            for (Level level : up) {
                for (int j = 0; j < level.resnets.size(); j++) {
                    h = level.block(j, h.concat(3, skips.pop()), temb, text);         // [B, h/2^i, w/2^i, channels[i]]
                }
                if (level.sampler != null) h = level.sampler.forward(h.upsample(skips.peek().size(1), skips.peek().size(2)));
            }
            // 4. out
            return s.keep(convOut.forward(normOut.forwardSilu(h)));                   // [B, h, w, outChannels]
        }
    }

    private static Tensor repeat(Tensor row, int times) {
        Tensor[] more = new Tensor[times - 1];
        Arrays.fill(more, row);
        return row.concat(0, more);
    }
}
