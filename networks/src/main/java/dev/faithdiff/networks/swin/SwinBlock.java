package dev.faithdiff.networks.swin;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/**
 * A block of a Swin transformer: attention inside square windows, which may be shifted by half a window, with a learned bias for each pair of places;
 * then an MLP, each behind LayerNorm with a residual. Source: swin_transformer.py (Liu et al., 2021).
 */
public final class SwinBlock {
    static final float EPS = 1e-5f;
    private static final float MASKED = -100;

    private final LayerNorm norm1, norm2;
    private final Linear qkv, out, up, down;
    private final Tensor table;
    private final DType dtype;
    private final int width, heads, window;
    private final boolean shifted;

    /** @param shifted whether windows begin half a window further */
    public SwinBlock(Weights w, int width, int heads, int window, int mlpWidth, boolean shifted) {
        this.width = width;
        this.heads = heads;
        this.window = window;
        this.shifted = shifted;
        dtype = w.dtype();
        norm1 = new LayerNorm(w.at("norm1"), width, EPS);
        table = w.get("attn.relative_position_bias_table", Init.normal(0.02f), (2 * window - 1) * (2 * window - 1), heads);
        qkv = new Linear(w.at("attn.qkv"), width, 3 * width);
        out = new Linear(w.at("attn.proj"), width, width);
        norm2 = new LayerNorm(w.at("norm2"), width, EPS);
        up = new Linear(w.at("mlp.fc1"), width, mlpWidth);
        down = new Linear(w.at("mlp.fc2"), mlpWidth, width);
    }

    /** {@code [1, H, W, width]}, as the result; both sides are multiples of the window. */
    public Tensor forward(Tensor x) {
        int rows = x.size(1), columns = x.size(2), shift = shifted ? window / 2 : 0;
        try (Scope s = Scope.open()) {
            Tensor h = roll(norm1.forward(x), shift, shift);
            h = s.replace(h, attention(windows(h), rows, columns, shift));
            h = s.replace(h, roll(map(h, rows, columns), rows - shift, columns - shift));
            h = x.add(h);
            return s.keep(h.add(down.forward(up.forward(norm2.forward(h)).gelu())));
        }
    }

    /** The map begins so many rows and columns further on; what was before them is at its end. */
    private static Tensor roll(Tensor x, int down, int across) {
        int rows = x.size(1), columns = x.size(2);
        if (down % rows == 0 && across % columns == 0) return x;
        Tensor h = x.slice(1, down, rows).concat(1, x.slice(1, 0, down));
        return h.slice(2, across, columns).concat(2, h.slice(2, 0, across));
    }

    /** {@code [windows, window*window, width]}, row by row. */
    private Tensor windows(Tensor x) {
        int rows = x.size(1) / window, columns = x.size(2) / window;
        return x.reshape(rows, window, columns, window * width).permute(0, 2, 1, 3).reshape(rows * columns, window * window, width);
    }

    private Tensor map(Tensor windows, int height, int columns) {
        return windows.reshape(height / window, columns / window, window, window * width).permute(0, 2, 1, 3).reshape(1, height, columns, width);
    }

    private Tensor attention(Tensor x, int rows, int columns, int shift) {
        Tensor all = qkv.forward(x);
        Tensor q = all.slice(2, 0, width), k = all.slice(2, width, 2 * width), v = all.slice(2, 2 * width, 3 * width);
        Tensor bias = bias(x);
        if (shift > 0) bias = bias.add(mask(rows, columns, shift).to(x.device()));
        return out.forward(q.attention(k, v, bias, new AttentionOp(heads, false)));
    }

    /** {@code [1, heads, n, n]} for the n places of a window. */
    private Tensor bias(Tensor x) {
        int n = window * window, side = 2 * window - 1;
        long[] index = new long[n * n];
        for (int i = 0; i < index.length; i++) {
            int a = i / n, b = i % n;
            index[i] = (a / window - b / window + window - 1) * side + a % window - b % window + window - 1;
        }
        return table.to(dtype).gather(Tensor.of(index, n, n).to(x.device())).permute(2, 0, 1).reshape(1, heads, n, n);
    }

    /** {@code [windows, 1, n, n]}: places that the shift brought together do not see each other. */
    private Tensor mask(int rows, int columns, int shift) {
        int n = window * window, across = columns / window, count = rows / window * across;
        float[] mask = new float[count * n * n];
        for (int i = 0; i < mask.length; i++) {
            int w = i / (n * n), top = w / across * window, left = w % across * window, a = i / n % n, b = i % n;
            boolean same = region(top + a / window, rows, shift) == region(top + b / window, rows, shift)
                    && region(left + a % window, columns, shift) == region(left + b % window, columns, shift);
            mask[i] = same ? 0 : MASKED;
        }
        return Tensor.of(mask, count, 1, n, n);
    }

    private int region(int at, int side, int shift) { return at < side - window ? 0 : at < side - shift ? 1 : 2; }
}
