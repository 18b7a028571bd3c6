package dev.faithdiff.networks.musiq;

import dev.faithdiff.networks.Scorer;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.List;

/**
 * MUSIQ (Ke et al., 2021): a transformer over the patches of an image at three sizes. Filler patches of the published code never influence its result
 * and are left out. Source: musiq_arch.py (IQA-PyTorch), google-research musiq.
 */
public final class Musiq implements Scorer {
    private static final String ENCODER = "transformer_encoder.", TABLE = ENCODER + "posembed_input.position_emb";
    private static final float EPS = 1e-6f;
    /** Longer sides of the smaller copies. */
    private static final int[] SIDES = {224, 384};
    /** Patches whose maps are held at a time. */
    private static final int AT_ONCE = 512;

    private final DType dtype;
    private final int width, grid, classes;
    private final PatchEncoder patches;
    private final Tensor positions, scales, token;
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNorm norm;
    private final Linear head;

    public Musiq(Weights w, NamedShapes s, int heads) {
        dtype = w.dtype();
        width = s.size("embedding.weight", 0);
        grid = (int) Math.round(Math.sqrt(s.size(TABLE, 1)));
        patches = new PatchEncoder(w, s, width);
        Weights e = w.at("transformer_encoder");
        positions = e.get("posembed_input.position_emb", Init.normal(0.02f), 1, grid * grid, width);
        scales = e.get("scaleembed_input.scale_emb", Init.normal(0.02f), SIDES.length + 1, width);
        token = e.get("cls", Init.ZERO, 1, 1, width);
        for (int i = 0; s.has(block(i) + ".mlp.fc1.weight"); i++) {
            blocks.add(new Block(w.at(block(i)), width, heads, s.size(block(i) + ".mlp.fc1.weight", 0)));
        }
        norm = new LayerNorm(e.at("encoder_norm"), width, EPS);
        boolean one = s.has("head.weight");
        classes = s.size(one ? "head.weight" : "head.0.weight", 0);
        head = new Linear(w.at(one ? "head" : "head.0"), width, classes);
    }

    private static String block(int i) { return ENCODER + "transformer.encoderblock_" + i; }

    @Override public int leastSide() { return 1; }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            // 1. patches of all sizes
            Tensor colours = x.affine(2, -1), h = token.to(dtype);
            for (int i = 0; i <= SIDES.length; i++) h = s.replace(h, h.concat(1, sequence(colours, i)));   // [1, 1 + patches, width]
            // 2. transformer
            for (Block b : blocks) h = s.replace(h, b.forward(h));
            // 3. head of the class token; ten classes stand for marks from 1 to 10
            h = head.forward(norm.forward(h.slice(1, 0, 1)).reshape(1, width));
            if (classes == 1) return s.keep(h.reshape(1));
            return s.keep(h.softmax().mul(marks(h)).sum(1).reshape(1));
        }
    }

    private Tensor marks(Tensor h) {
        float[] marks = new float[classes];
        for (int i = 0; i < classes; i++) marks[i] = i + 1;
        return Tensor.of(marks, classes).to(h.device());
    }

    /** The image's patches at one size, with what says where they are: {@code [1, patches, width]}. */
    private Tensor sequence(Tensor image, int scale) {
        try (Scope s = Scope.open()) {
            Tensor h = scale < SIDES.length ? resized(image, SIDES[scale]) : image;
            int rows = Math.ceilDiv(h.size(1), PatchEncoder.PATCH), columns = Math.ceilDiv(h.size(2), PatchEncoder.PATCH);
            h = s.replace(h, cut(h, rows, columns));
            Tensor all = null;
            for (int i = 0; i < rows * columns; i += AT_ONCE) {
                Tensor some = patches.forward(h.slice(0, i, Math.min(i + AT_ONCE, rows * columns)));
                all = all == null ? some : s.replace(all, all.concat(0, some));
            }
            Tensor where = positions.to(dtype).reshape(grid * grid, width).gather(Tensor.of(cells(rows, columns), rows * columns).to(h.device()));
            Tensor y = all.add(where).add(scales.to(dtype).slice(0, scale, scale + 1));
            return s.keep(y).reshape(1, rows * columns, width);
        }
    }

    /** Sides are rounded with ties to even, as Python does. */
    private static Tensor resized(Tensor x, int longer) {
        double factor = (double) longer / Math.max(x.size(1), x.size(2));
        int height = (int) Math.rint(x.size(1) * factor), width = (int) Math.rint(x.size(2) * factor);
        return x.resize(new ResizeOp(ResizeOp.Kind.BICUBIC, false, height, width));
    }

    /** {@code [1, H, W, 3]} in patches, row by row, with zeros around it; of an odd number the larger half at its end. */
    private static Tensor cut(Tensor x, int rows, int columns) {
        int p = PatchEncoder.PATCH, down = rows * p - x.size(1), across = columns * p - x.size(2);
        try (Scope s = Scope.open()) {
            Tensor padded = x.pad(down / 2, down - down / 2, across / 2, across - across / 2);
            return s.keep(padded.reshape(rows, p, columns, 3 * p).permute(0, 2, 1, 3)).reshape(rows * columns, p, p, 3);
        }
    }

    /** Each patch's cell in the square grid of positions. */
    private long[] cells(int rows, int columns) {
        long[] cells = new long[rows * columns];
        for (int i = 0; i < cells.length; i++) cells[i] = cell(i / columns, rows) * grid + cell(i % columns, columns);
        return cells;
    }

    /** In float, as published. */
    private int cell(int i, int count) { return (int) (i * ((float) grid / count)); }

    /** Attention and MLP, each behind LayerNorm with a residual. */
    private static final class Block {
        private final LayerNorm norm1, norm2;
        private final Linear q, k, v, out, up, down;
        private final int heads;

        Block(Weights w, int width, int heads, int mlpWidth) {
            this.heads = heads;
            norm1 = new LayerNorm(w.at("norm1"), width, EPS);
            q = new Linear(w.at("attention.query"), width, width);
            k = new Linear(w.at("attention.key"), width, width);
            v = new Linear(w.at("attention.value"), width, width);
            out = new Linear(w.at("attention.out"), width, width);
            norm2 = new LayerNorm(w.at("norm2"), width, EPS);
            up = new Linear(w.at("mlp.fc1"), width, mlpWidth);
            down = new Linear(w.at("mlp.fc2"), mlpWidth, width);
        }

        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor n = norm1.forward(x);
                Tensor h = x.add(out.forward(q.forward(n).attention(k.forward(n), v.forward(n), heads, false)));
                return s.keep(h.add(down.forward(up.forward(norm2.forward(h)).gelu())));
            }
        }
    }
}
