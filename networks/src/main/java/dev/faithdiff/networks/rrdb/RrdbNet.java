package dev.faithdiff.networks.rrdb;

import dev.faithdiff.networks.Generator;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The generator of ESRGAN, Real-ESRGAN and BSRGAN, and BSRNet: residual-in-residual dense blocks and nearest enlargements, two in
 * what was released by the authors (BasicSR rrdbnet_arch.py, KAIR network_rrdbnet.py, ESRGAN architecture.py; parameters under BasicSR's names).
 */
public final class RrdbNet implements Generator {
    /** In {@code model.json}. */
    public static final String KIND = "rrdbnet";
    /**
     * In pixels that the trunk sees. 23 blocks reach 350 far, but what lies farther than this changed no sample of Real-ESRGAN's x4plus by more
     * than one level of 255 where it was measured (docs/restoring.md). The published margin is 10.
     */
    private static final int MARGIN = 48;

    private final RrdbConfig config;
    private final Conv2d convFirst, convBody, convHr, convLast;
    private final Conv2d[] convUp;
    private final List<Rrdb> body = new ArrayList<>();

    public RrdbNet(Weights w, RrdbConfig c) {
        config = c;
        int n = c.features();
        convFirst = new Conv2d(w.at("conv_first"), 3 * c.unshuffle() * c.unshuffle(), n, 3);
        for (int i = 0; i < c.blocks(); i++) body.add(new Rrdb(w.at("body", i), n, c.growth()));
        convBody = new Conv2d(w.at("conv_body"), n, n, 3);
        convUp = new Conv2d[c.enlargements()];
        for (int i = 0; i < convUp.length; i++) convUp[i] = new Conv2d(w.at("conv_up" + (i + 1)), n, n, 3);
        convHr = new Conv2d(w.at("conv_hr"), n, n, 3);
        convLast = new Conv2d(w.at("conv_last"), n, 3, 3);
    }

    @Override public int scale() { return config.scale(); }

    @Override public int multiple() { return config.unshuffle(); }

    @Override public int margin() { return MARGIN * config.unshuffle(); }

    @Override public long bytesPerPixel() { return config.bytesPerPixel(); }

    @Override public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = convFirst.forward(x.pixelUnshuffle(config.unshuffle()));       // [B, h, w, n], h = H/unshuffle
            h = s.replace(h, trunk(h));
            for (Conv2d up : convUp) {                                                // [B, 2h, 2w, n] and so on
                h = s.replace(h, h.upsample(2 * h.size(1), 2 * h.size(2)));
                h = s.replace(h, up.forward(h));
                h = s.replace(h, h.leakyRelu(DenseBlock.SLOPE));
            }
            h = s.replace(h, convHr.forward(h));
            h = s.replace(h, h.leakyRelu(DenseBlock.SLOPE));
            return s.keep(convLast.forward(h));                                       // [B, scale*H, scale*W, 3]
        }
    }

    private Tensor trunk(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (Rrdb block : body) h = s.replace(h, block.forward(h));
            h = s.replace(h, convBody.forward(h));
            return s.keep(x.add(h));
        }
    }
}
