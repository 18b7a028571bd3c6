package dev.faithdiff.networks.pasd;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.rrdb.Rrdb;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The {@link HintEmbedding} of PASD's ControlNet: as in any ControlNet and, in the variants named rrdb, with residual-in-residual dense blocks
 * behind the first convolution (PASD controlnet.py). The convolutions that give colours at lower sizes serve training only and are not here.
 */
public final class PhotoEmbedding {
    /** Residual-in-residual dense blocks of the variants that have some. */
    private static final int DENSE = 2;

    private PhotoEmbedding() {}

    /** @param w the ControlNet's weights @param c its published {@code config.json}; {@code use_rrdb} tells the variant */
    public static HintEmbedding of(Weights w, Config c) {
        Weights own = w.at("controlnet_cond_embedding");
        int[] channels = c.integers("conditioning_embedding_out_channels");
        List<UnaryOperator<Tensor>> dense = new ArrayList<>();
        if (c.flag("use_rrdb", false)) {
            for (int i = 0; i < DENSE; i++) dense.add(new Rrdb(own.at("preprocesser", i), channels[0], channels[0])::forward);
        }
        return new HintEmbedding(own, channels, c.integers("block_out_channels")[0], dense);
    }
}
