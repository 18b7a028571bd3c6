package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/**
 * DreamClear's network (Ai et al., arXiv:2410.18666): PixArt-alpha, and two branches that are copies of its blocks, one for the photo and one for the
 * cleaned photo, which act on it behind each block. Source: PixArtMS and ControlPixArtMSHalfSR2Branch.
 */
public final class DreamClearNet {
    /** The table of positions in released files, which follows from the sizes. */
    public static final String POSITIONS = "base_model.pos_embed";

    /** The photo's and the cleaned photo's latents as tokens {@code [1, N, width]}, which are the same in all steps. */
    public record Condition(Tensor lq, Tensor pre) {}

    /** Sees what is between, under the names of the stored traces. */
    @FunctionalInterface
    public interface Watcher {
        Watcher NONE = (_, _) -> {};

        void sees(String name, Tensor value);

        /** For what is behind a block. */
        default Watcher behind(int block) {
            return (name, value) -> {
                int dot = name.indexOf('.');
                sees(dot < 0 ? "cross_de." + block + "." + name : "am_" + name.substring(0, dot) + "." + block + name.substring(dot), value);
            };
        }
    }

    private final DreamClearConfig config;
    private final Conv2d patches, patchesLq, patchesPre, photo, cleaned;
    private final TimeAndSize time;
    private final Linear timeBlock, text1, text2, last;
    private final Tensor noText, lastTable;
    private final List<PixArtBlock> blocks = new ArrayList<>(), lq = new ArrayList<>(), pre = new ArrayList<>();
    private final List<Fusion> fusions = new ArrayList<>();

    public DreamClearNet(Weights w, DreamClearConfig c) {
        config = c;
        int width = c.width(), area = DreamClearConfig.PATCH * DreamClearConfig.PATCH;
        Weights base = w.at("base_model");
        patches = patches(base.at("x_embedder.proj"), c);
        patchesLq = patches(w.at("x_embedder_lq.proj"), c);
        patchesPre = patches(w.at("x_embedder_pre.proj"), c);
        photo = patches(w.at("c_embedder_lq.proj"), c);
        cleaned = patches(w.at("c_embedder_pre.proj"), c);
        time = new TimeAndSize(base, width);
        timeBlock = new Linear(base.at("t_block.1"), width, PixArtBlock.NUMBERS * width);
        noText = base.get("y_embedder.y_embedding", Init.uniform(c.textWidth()), c.textLength(), c.textWidth());
        text1 = new Linear(base.at("y_embedder.y_proj.fc1"), c.textWidth(), width);
        text2 = new Linear(base.at("y_embedder.y_proj.fc2"), width, width);
        for (int i = 0; i < c.depth(); i++) {
            blocks.add(new PixArtBlock(base.at("blocks", i), c));
            lq.add(new PixArtBlock(w.at("controlnet_lq", i).at("copied_block"), c));
            pre.add(new PixArtBlock(w.at("controlnet_pre", i).at("copied_block"), c));
            fusions.add(new Fusion(w, c, i));
        }
        lastTable = base.get("final_layer.scale_shift_table", Init.uniform(width), 2, width);
        last = new Linear(base.at("final_layer.linear"), width, area * 2 * c.channels());
    }

    private static Conv2d patches(Weights w, DreamClearConfig c) {
        return new Conv2d(w, c.channels(), c.width(), DreamClearConfig.PATCH, new Conv2dOp(DreamClearConfig.PATCH, 0, 0, 0, 0));
    }

    public DreamClearConfig config() { return config; }

    /** Latents {@code [B, h, w, channels]} as tokens {@code [B, N, width]}. */
    private Tensor tokens(Conv2d patches, Tensor latents) {
        return patches.forward(latents).reshape(latents.size(0), -1, config.width());
    }

    /** The condition of a tile. @param photo latents {@code [1, h, w, channels]} of the photo @param clean of the cleaned photo */
    public Condition condition(Tensor photo, Tensor clean) {
        try (Scope s = Scope.open()) {
            return new Condition(s.keep(tokens(this.photo, photo)), s.keep(tokens(cleaned, clean)));
        }
    }

    /**
     * The text as blocks attend to it, {@code [2, T, width]}: the caption's row, and that of no caption, which is as long as the caption.
     *
     * @param states of T5, {@code [1, T, textWidth]} without padding
     */
    public Tensor text(Tensor states) {
        try (Scope s = Scope.open()) {
            int n = states.size(1);
            Tensor none = noText.slice(0, 0, n).to(states.dtype()).reshape(1, n, config.textWidth());
            return s.keep(text2.forward(text1.forward(states.concat(0, none)).geluTanh()));
        }
    }

    /**
     * Noise and its variance, {@code [B, h, w, 2 * channels]}.
     *
     * @param x    noisy latents {@code [B, h, w, channels]}, whose sides are even
     * @param text of B rows; all rows that guidance needs, since they see each other
     */
    public Tensor forward(Tensor x, float timestep, Tensor text, Condition condition) { return forward(x, timestep, text, condition, Watcher.NONE); }

    /** As {@link #forward(Tensor, float, Tensor, Condition)}, where somebody watches. */
    public Tensor forward(Tensor x, float timestep, Tensor text, Condition condition, Watcher watcher) {
        try (Scope s = Scope.open()) {
            int b = x.size(0), h = x.size(1) / DreamClearConfig.PATCH, w = x.size(2) / DreamClearConfig.PATCH;
            // 1. timestep and size
            Tensor t = time.forward(x, timestep, watcher);                              // [1, width]
            Tensor t0 = timeBlock.forward(t.silu());
            watcher.sees("t_block", t0);
            t0 = t0.reshape(PixArtBlock.NUMBERS, config.width());
            // 2. tokens of the base and of the branches
            Tensor places = Tensor.of(GridPositions.of(h, w, config), 1, h * w, config.width()).to(x.device()).to(x.dtype());
            Tensor base = tokens(patches, x), photo = tokens(patchesLq, x), clean = tokens(patchesPre, x);
            watcher.sees("x_embedder", base);
            watcher.sees("x_embedder_lq", photo);
            base = s.replace(base, base.add(places));                                   // [B, N, width]
            photo = s.replace(photo, photo.add(places).add(condition.lq));
            clean = s.replace(clean, clean.add(places).add(condition.pre));
            // 3. blocks
            for (int i = 0; i < config.depth(); i++) {
                photo = s.replace(photo, lq.get(i).forward(photo, text, t0));
                clean = s.replace(clean, pre.get(i).forward(clean, text, t0));
                base = s.replace(base, blocks.get(i).forward(base, text, t0));
                watcher.sees("lq." + i, photo);
                watcher.sees("pre." + i, clean);
                watcher.sees("base." + i, base);
                base = s.replace(base, fusions.get(i).forward(base, photo, clean, watcher.behind(i)));
            }
            // 4. patches
            Tensor rows = lastTable.to(t.dtype()).add(t);                               // [2, width]
            base = s.replace(base, last.forward(PixArtBlock.modulated(base, rows, 0))); // [B, N, 4 * 2 * channels]
            watcher.sees("final_layer", base);
            return s.keep(unpatched(base, b, h, w));
        }
    }

    /** A token's numbers are in the order of row, column, channel. */
    private Tensor unpatched(Tensor x, int b, int h, int w) {
        int p = DreamClearConfig.PATCH, out = 2 * config.channels();
        return x.reshape(b * h, w, p, p * out).permute(0, 2, 1, 3).reshape(b, h * p, w * p, out);
    }
}
