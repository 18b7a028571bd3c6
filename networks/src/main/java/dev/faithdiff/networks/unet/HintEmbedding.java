package dev.faithdiff.networks.unet;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** The image that steers a ControlNet as features of the latents' size: convolutions and SiLU (diffusers ControlNetConditioningEmbedding). */
public final class HintEmbedding {
    private final Conv2d in, out;
    private final List<UnaryOperator<Tensor>> behindFirst;
    private final List<Conv2d> blocks = new ArrayList<>();

    /** @param channels widths from the image's size to that of the latents @param embedding width of the ControlNet's first features */
    public HintEmbedding(Weights w, int[] channels, int embedding) { this(w, channels, embedding, List.of()); }

    /** @param behindFirst what is done to the features of the image's size {@code [B, H, W, channels[0]]} */
    public HintEmbedding(Weights w, int[] channels, int embedding, List<UnaryOperator<Tensor>> behindFirst) {
        int last = channels.length - 1;
        this.behindFirst = behindFirst;
        in = new Conv2d(w.at("conv_in"), 3, channels[0], 3);
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
            for (UnaryOperator<Tensor> f : behindFirst) h = s.replace(h, f.apply(h));
            for (Conv2d block : blocks) {
                h = s.replace(h, block.forward(h));                            // [B, H/2^i, W/2^i, channels[i]]
                h = s.replace(h, h.silu());
            }
            return s.keep(out.forward(h));
        }
    }
}
