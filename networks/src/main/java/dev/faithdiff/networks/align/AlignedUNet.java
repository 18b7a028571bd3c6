package dev.faithdiff.networks.align;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Encoder;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.SharedStatistics;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * FaithDiff's network: the LQ encoder's features, aligned with the noisy latents' first features, are added to these before the U-Net
 * goes on (paper section 3; FaithDiff UNet2DConditionModel). Neither the features nor the alignment depend on time or text.
 */
public final class AlignedUNet {
    /** How many pixels away a pixel of the condition sees the features, beside their statistics. */
    public static final int CONDITION_REACH = 2;

    private final AlignConfig config;
    private final UNet unet;
    private final Encoder encoder;
    private final GroupNorm lastNorm;
    private final Conv2d lastConv;
    private final ConditionEmbedding conditionEmbedding;
    private final List<AlignmentBlock> blocks = new ArrayList<>();
    private final Linear projection;

    public AlignedUNet(Weights w, UNetConfig unetConfig, AlignConfig c) {
        config = c;
        unet = new UNet(w, unetConfig);
        Weights e = w.at(AlignConfig.ENCODER);
        encoder = new Encoder(e, c.encoderChannels(), c.encoderLayers(), c.encoderGroups(), c.encoderAttention());
        int width = c.encoderChannels()[c.encoderChannels().length - 1];
        lastNorm = c.lastFeatures() ? new GroupNorm(e.at("conv_norm_out"), width, c.encoderGroups(), Encoder.EPS) : null;
        lastConv = c.lastFeatures() ? new Conv2d(e.at("conv_out"), width, c.conditionChannels(), 3) : null;
        conditionEmbedding = new ConditionEmbedding(w.at(AlignConfig.CONDITION), c);
        for (int i = 0; i < c.layers(); i++) blocks.add(new AlignmentBlock(w.at(AlignConfig.BLOCKS, i), c));
        projection = new Linear(w.at(AlignConfig.PROJECTION), c.width(), c.embeddingChannels());
    }

    public AlignConfig config() { return config; }

    /** The plain U-Net, without the low-quality image. */
    public UNet unet() { return unet; }

    /** Features {@code [B, h, w, C]} of the low-quality image {@code [B, H, W, 3]} in -1..1: the LQ encoder, once for an image. */
    public Tensor features(Tensor image) {
        try (Scope s = Scope.open()) {
            Tensor h = encoder.forward(image);
            return s.keep(lastConv == null ? h : lastConv.forward(lastNorm.forwardSilu(h)));
        }
    }

    /** What the alignment takes of the features, {@code [B, h, w, embedding]}: once for an image or tile. */
    public Tensor condition(Tensor features) { return conditionEmbedding.forward(features); }

    /** Takes from the features of a whole image the statistics that {@link #condition} needs for parts of it. */
    public void measure(Tensor features, SharedStatistics statistics) { conditionEmbedding.measure(features, statistics); }

    /** The latents' first features with the aligned condition added, {@code [B, h, w, embedding]}. */
    public Tensor align(Tensor latents, Tensor condition) { return align(latents, condition, true); }

    /** @param across false: the images of the batch do not see each other, as if each were aligned alone */
    public Tensor align(Tensor latents, Tensor condition, boolean across) { return align(latents, condition, across, Context.once(null)); }

    private Tensor align(Tensor latents, Tensor condition, boolean across, Context image) {
        try (Scope s = Scope.open()) {
            Tensor h = unet.embed(latents);
            Tensor t = aligned(h, condition, across, image);
            return s.keep(projection.forward(t, h.reshape(t.size(0), t.size(1), -1)).reshape(h.shape().toArray()));
        }
    }

    /** The alignment module alone: {@code spatial_ch_projs(blocks([h, condition]))}. */
    public Tensor update(Tensor h, Tensor condition) {
        try (Scope s = Scope.open()) {
            return s.keep(projection.forward(aligned(h, condition, true, Context.once(null))).reshape(h.shape().toArray()));
        }
    }

    private Tensor aligned(Tensor h, Tensor condition, boolean across, Context image) {
        try (Scope s = Scope.open()) {
            // Attention runs along the first axis at each pixel, so images laid one after the other as pixels of one stay apart.
            Tensor t = h.concat(3, condition).reshape(across ? h.size(0) : 1, -1, h.size(3) + condition.size(3));  // [B, h*w, width]
            for (AlignmentBlock block : blocks) t = block.forward(t, image);
            return s.keep(t);
        }
    }

    /**
     * The predicted noise of a training batch, each row with its own latents, condition and timestep.
     *
     * @param across whether the images of the batch see each other in the alignment, as in the released training
     */
    public Tensor predict(Tensor latents, Tensor condition, float[] timesteps, Context text, Tensor pooled, Tensor timeIds, boolean across) {
        try (Scope s = Scope.open()) {
            return s.keep(unet.denoise(align(latents, condition, across), unet.time().forward(timesteps, pooled, timeIds), text));
        }
    }

    /**
     * The predicted noise {@code [B, h, w, outChannels]} for each row of text; latents and condition may be one row for all of them.
     *
     * @param pooled {@code [B, pooled]} @param timeIds {@code [B, 6]}
     */
    public Tensor predict(Tensor latents, Tensor condition, float timestep, Context text, Tensor pooled, Tensor timeIds) {
        try (Scope s = Scope.open()) {
            return s.keep(predict(latents, condition, unet.embedTime(timestep, pooled, timeIds), text));
        }
    }

    /** As above with the time embedded before ({@link UNet#embedTime}): work on the device alone, which can be recorded and repeated. */
    public Tensor predict(Tensor latents, Tensor condition, Tensor temb, Context text) {
        return predict(latents, condition, temb, text, Shortcut.NONE);
    }

    /** As above, with a part of the U-Net left out. The alignment always runs: it takes the latents, which change in every step. */
    public Tensor predict(Tensor latents, Tensor condition, Tensor temb, Context text, Shortcut shortcut) {
        try (Scope s = Scope.open()) {
            return s.keep(unet.denoise(align(latents, condition, true, text), temb, Control.NONE, shortcut, List.of(text)));
        }
    }
}
