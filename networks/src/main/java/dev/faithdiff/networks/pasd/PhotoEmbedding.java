package dev.faithdiff.networks.pasd;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.rrdb.Rrdb;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;

/**
 * The photo as features of the latents' size, which steer PASD's ControlNet: convolutions and SiLU as in any ControlNet and, in the variants
 * named rrdb, residual-in-residual dense blocks behind the first of them (PASD controlnet.py). The
 * convolutions that give colours at lower sizes serve training only and are not here.
 */
public final class PhotoEmbedding {
    /** Residual-in-residual dense blocks of the variants that have some. */
    private static final int DENSE = 2;

    private final Conv2d in, out;
    private final List<Rrdb> dense = new ArrayList<>();
    private final List<Conv2d> blocks = new ArrayList<>();

    /** @param w the ControlNet's weights @param c its published {@code config.json}; {@code use_rrdb} tells the variant */
    public PhotoEmbedding(Weights w, Config c) {
        this(w.at("controlnet_cond_embedding"), c.integers("conditioning_embedding_out_channels"), c.integers("block_out_channels")[0],
                c.flag("use_rrdb", false) ? DENSE : 0);
    }

    private PhotoEmbedding(Weights w, int[] channels, int embedding, int rrdb) {
        int first = channels[0], last = channels.length - 1;
        in = new Conv2d(w.at("conv_in"), 3, first, 3);
        for (int i = 0; i < rrdb; i++) dense.add(new Rrdb(w.at("preprocesser", i), first, first));
        for (int i = 0; i < last; i++) {
            blocks.add(new Conv2d(w.at("blocks", 2 * i), channels[i], channels[i], 3));
            blocks.add(new Conv2d(w.at("blocks", 2 * i + 1), channels[i], channels[i + 1], 3, new Conv2dOp(2, 1, 1, 1, 1)));
        }
        out = new Conv2d(w.at("conv_out"), channels[last], embedding, 3);
    }

    /** @param image {@code [B, H, W, 3]} in 0..1 @return {@code [B, H/2^last, W/2^last, embedding]} */
    public Tensor forward(Tensor image) {
        try (Scope s = Scope.open()) {
            Tensor h = in.forward(image);
            h = s.replace(h, h.silu());
            for (Rrdb d : dense) h = s.replace(h, d.forward(h));                // [B, H, W, channels[0]]
            for (Conv2d block : blocks) {
                h = s.replace(h, block.forward(h));                            // [B, H/2^i, W/2^i, channels[i]]
                h = s.replace(h, h.silu());
            }
            return s.keep(out.forward(h));
        }
    }
}
