package dev.faithdiff.networks.stablesr;

import dev.faithdiff.networks.rrdb.Rrdb;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What an encoder saw of a photo, added to a decoder's features (StableSR Fuse_sft_block_RRDB). */
final class FusionBlock {
    private static final float EPS = 1e-6f;

    private final ResnetBlock in, out;
    private final List<Rrdb> dense = new ArrayList<>();

    FusionBlock(Weights w, int channels, FusingConfig c, int groups) {
        in = new ResnetBlock(w.at("encode_enc_1"), 2 * channels, channels, 0, groups, EPS);
        for (int i = 0; i < c.blocks(); i++) dense.add(new Rrdb(w.at("encode_enc_2", i), channels, c.growth()));
        out = new ResnetBlock(w.at("encode_enc_3"), channels, channels, 0, groups, EPS);
    }

    /** @param seen the encoder's @param h the decoder's, both {@code [B, H, W, channels]}, as the result @param weight of what is added */
    Tensor forward(Tensor seen, Tensor h, float weight) {
        try (Scope s = Scope.open()) {
            Tensor x = seen.concat(3, h);                                             // [B, H, W, 2 * channels]
            x = s.replace(x, in.forward(x, null));                                    // [B, H, W, channels]
            for (Rrdb d : dense) x = s.replace(x, d.forward(x));
            x = s.replace(x, out.forward(x, null));
            x = s.replace(x, x.mul(weight));
            return s.keep(h.add(x));
        }
    }
}
