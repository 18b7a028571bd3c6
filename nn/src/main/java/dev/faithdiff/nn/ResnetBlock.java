package dev.faithdiff.nn;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Two convolutions, each after GroupNorm and SiLU, with a residual; a time embedding, if there is one, is added between them
 * (diffusers ResnetBlock2D).
 */
public final class ResnetBlock {
    private final GroupNorm norm1, norm2;
    private final Conv2d conv1, conv2, shortcut;
    private final Linear time;

    /** @param timeChannels width of the time embedding, 0 for a block without one (the VAE's) */
    public ResnetBlock(Weights w, int in, int out, int timeChannels, int groups, float eps) {
        this(w, in, out, timeChannels, groups, groups, eps);
    }

    /** @param groupsIn groups of the norm of {@code in} channels @param groupsOut of that of {@code out} channels */
    public ResnetBlock(Weights w, int in, int out, int timeChannels, int groupsIn, int groupsOut, float eps) {
        norm1 = new GroupNorm(w.at("norm1"), in, groupsIn, eps);
        conv1 = new Conv2d(w.at("conv1"), in, out, 3);
        time = timeChannels == 0 ? null : new Linear(w.at("time_emb_proj"), timeChannels, out);
        norm2 = new GroupNorm(w.at("norm2"), out, groupsOut, eps);
        conv2 = new Conv2d(w.at("conv2"), out, out, 3);
        shortcut = in == out ? null : new Conv2d(w.at("conv_shortcut"), in, out, 1);
    }

    /** @param temb SiLU of the time embedding {@code [B, timeChannels]}, null where the block takes none */
    public Tensor forward(Tensor x, Tensor temb) { return forward(x, temb, null); }

    /** As above. @param branch changes the convolutions' result before it is added to x; null: it does not */
    public Tensor forward(Tensor x, Tensor temb, UnaryOperator<Tensor> branch) { return Tape.recompute(() -> run(x, temb, branch)); }

    /** The same for tiles side by side, of a block without time embedding. */
    public void forward(SideBySide tiles) {
        tiles.residual(h -> {
            h.norm(norm1, true);
            h.each(conv1::forward);
            h.norm(norm2, true);
        }, (h, x) -> conv2.forward(h, residual(x)));
    }

    /** What the last convolution adds to its result: there an addend costs a GPU nothing, while the shortcut's product would wait for it. */
    private Tensor residual(Tensor x) { return shortcut == null ? x : shortcut.forward(x); }

    /** A convolution of the norm's SiLU, in place of x. An autoencoder's are no op of their own: kernels may round what is between. */
    private Tensor convolved(Scope s, GroupNorm norm, Conv2d conv, Tensor x, Tensor addend) {
        if (time != null) return s.replace(x, norm.siluInto(conv, x, addend));
        Tensor y = s.replace(x, norm.forwardSilu(x));
        return s.replace(y, conv.plus(y, addend));
    }

    private Tensor run(Tensor x, Tensor temb, UnaryOperator<Tensor> branch) {
        try (Scope s = Scope.open()) {
            Tensor t = time == null ? null : time.forward(temb);                      // [B, out]
            Tensor h = convolved(s, norm1, conv1, x, t == null ? null : t.reshape(t.size(0), 1, 1, t.size(1))); // [B, H, W, out]
            if (branch == null) return s.keep(convolved(s, norm2, conv2, h, residual(x)));
            h = s.replace(h, branch.apply(convolved(s, norm2, conv2, h, null)));
            return s.keep(shortcut == null ? x.add(h) : shortcut.forward(x, h));
        }
    }
}
