package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * Timesteps as the resnets take them, {@code [B, width]} and after SiLU; with pooled text and size conditioning where the configuration
 * adds them (diffusers TimestepEmbedding, addition_embed_type text_time).
 */
public final class TimeEmbedding {
    private final int sinusoidWidth, sizeWidth;
    private final Linear time1, time2, added1, added2;

    TimeEmbedding(Weights w, UNetConfig c) { this(w, c.channels()[0], c.time()); }

    /** @param sinusoidWidth of the sinusoid that timesteps become */
    public TimeEmbedding(Weights w, int sinusoidWidth, UNetConfig.Time t) {
        this.sinusoidWidth = sinusoidWidth;
        sizeWidth = t.sizeWidth();
        time1 = new Linear(w.at("time_embedding.linear_1"), sinusoidWidth, t.width());
        time2 = new Linear(w.at("time_embedding.linear_2"), t.width(), t.width());
        added1 = t.addedWidth() == 0 ? null : new Linear(w.at("add_embedding.linear_1"), t.addedWidth(), t.width());
        added2 = t.addedWidth() == 0 ? null : new Linear(w.at("add_embedding.linear_2"), t.width(), t.width());
    }

    /**
     * Of a timestep for each row, where nothing is added.
     *
     * @param like a tensor of the type and on the device to compute with
     */
    public Tensor forward(float[] timesteps, Tensor like) {
        try (Scope s = Scope.open()) {
            return s.keep(embed(timesteps, like).silu());
        }
    }

    /** Of a timestep for each row, with its pooled text {@code [B, pooled]} and its six sizes {@code [B, 6]}. */
    public Tensor forward(float[] timesteps, Tensor pooled, Tensor timeIds) {
        try (Scope s = Scope.open()) {
            return s.keep(with(timesteps, added(pooled, timeIds)));
        }
    }

    /** What pooled text and sizes add, {@code [B, width]}: the same for all steps of an image. */
    public Tensor added(Tensor pooled, Tensor timeIds) {
        try (Scope s = Scope.open()) {
            Tensor sizes = sinusoid(timeIds.toFloats(), sizeWidth, pooled).reshape(pooled.size(0), timeIds.size(1) * sizeWidth);
            return s.keep(added2.forward(added1.forward(pooled.concat(1, sizes)).silu()));
        }
    }

    /** Of a timestep for each row, with {@link #added}. */
    public Tensor with(float[] timesteps, Tensor added) {
        try (Scope s = Scope.open()) {
            return s.keep(embed(timesteps, added).add(added).silu());
        }
    }

    private Tensor embed(float[] timesteps, Tensor like) {
        return time2.forward(time1.forward(sinusoid(timesteps, sinusoidWidth, like)).silu());
    }

    private static Tensor sinusoid(float[] values, int width, Tensor like) {
        return Tensor.of(Sinusoid.embed(values, width), values.length, width).to(like.device()).to(like.dtype());
    }
}
