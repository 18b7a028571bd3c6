package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The layers of CLIP's vision transformer: square patches, a class token before them (transformers CLIPVisionModel without its last norm). */
public final class ClipVisionTower {
    /** Sizes. @param heads 0 where weights are only listed. @param positions of the table, one more than patches */
    public record Sizes(int width, int heads, int layers, int mlpWidth, int patch, int positions) {
        public Sizes {
            if (heads > 0 && width % heads != 0) {
                throw new IllegalArgumentException("a width of " + width + " does not divide into " + heads + " heads");
            }
        }

        /** The side of the images that it was trained with. */
        public int side() { return patch * (int) Math.round(Math.sqrt(positions - 1)); }
    }

    private static final float EPS = 1e-5f;

    private final Sizes sizes;
    private final Tensor token, patches, positions;
    private final LayerNorm pre;
    private final List<ClipLayer> layers = new ArrayList<>();

    /** @param m weights at {@code vision_model} */
    public ClipVisionTower(Weights m, Sizes c) {
        sizes = c;
        token = m.get("embeddings.class_embedding", Init.normal(0.02f), c.width);
        patches = m.get("embeddings.patch_embedding.weight", Init.uniform(3 * c.patch * c.patch), c.width, c.patch, c.patch, 3);
        positions = m.get("embeddings.position_embedding.weight", Init.normal(0.02f), c.positions, c.width);
        pre = new LayerNorm(m.at("pre_layrnorm"), c.width, EPS);
        for (int i = 0; i < c.layers; i++) layers.add(new ClipLayer(m.at("encoder.layers", i), c.width, c.heads, c.mlpWidth, EPS, true, false));
    }

    public Sizes sizes() { return sizes; }

    /** The states {@code [B, 1 + patches, width]} after the last layer of {@code [B, H, W, 3]}, normalized; the first is the class token's. */
    public Tensor forward(Tensor x, ClipImageEncoder.Positions kind) {
        try (Scope s = Scope.open()) {
            // 1. patches; what is left of the image at its right and bottom is not seen
            Tensor h = x.conv2d(patches, null, sizes.patch, 0);                       // [B, h, w, width]
            int batch = x.size(0), count = h.size(1) * h.size(2) + 1;
            h = h.reshape(batch, count - 1, sizes.width);
            // 2. class token and positions
            Tensor first = token.to(x.dtype()).reshape(1, 1, sizes.width), all = first;
            for (int i = 1; i < batch; i++) all = all.concat(0, first);
            h = all.concat(1, h);                                                     // [B, 1 + h*w, width]
            if (kind != ClipImageEncoder.Positions.NONE) h = h.add(ClipImageEncoder.positions(positions.to(x.dtype()), count));
            h = pre.forward(h);
            // 3. layers
            for (ClipLayer layer : layers) h = s.replace(h, layer.forward(h));
            return s.keep(h);
        }
    }
}
