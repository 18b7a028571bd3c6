package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** CLIP's vision transformer: square patches and a class token, whose last state is projected (transformers CLIPVisionModelWithProjection). */
public final class ClipVisionTransformer implements ClipImageEncoder {
    static final String PATCHES = "vision_model.embeddings.patch_embedding.weight";
    private static final float EPS = 1e-5f;

    private final int width, patch, trained;
    private final DType dtype;
    private final Positions kind;
    private final Tensor token, patches, positions;
    private final LayerNorm pre, post;
    private final List<ClipLayer> layers = new ArrayList<>();
    private final Linear projection;

    public ClipVisionTransformer(Weights w, NamedShapes s, int heads, Positions kind) {
        this.kind = kind;
        dtype = w.dtype();
        width = s.size(PATCHES, 0);
        patch = s.size(PATCHES, 2);
        trained = s.size("vision_model.embeddings.position_embedding.weight", 0);
        int mlpWidth = s.size("vision_model.encoder.layers.0.mlp.fc1.weight", 0);
        Weights m = w.at("vision_model");
        token = m.get("embeddings.class_embedding", Init.normal(0.02f), width);
        patches = m.get("embeddings.patch_embedding.weight", Init.uniform(3 * patch * patch), width, patch, patch, 3);
        positions = m.get("embeddings.position_embedding.weight", Init.normal(0.02f), trained, width);
        pre = new LayerNorm(m.at("pre_layrnorm"), width, EPS);
        for (int i = 0; i < s.count("vision_model.encoder.layers", "mlp.fc1.weight"); i++) {
            layers.add(new ClipLayer(m.at("encoder.layers", i), width, heads, mlpWidth, EPS, true, false));
        }
        post = new LayerNorm(m.at("post_layernorm"), width, EPS);
        projection = new Linear(w.at("visual_projection"), width, s.size("visual_projection.weight", 0), false);
    }

    @Override public int side() { return patch * (int) Math.round(Math.sqrt(trained - 1)); }

    @Override public int leastSide() { return kind == Positions.FIXED ? side() : patch; }

    @Override public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            // 1. patches; what is left of the image at its right and bottom is not seen
            Tensor h = x.conv2d(patches, null, patch, 0);                             // [B, h, w, width]
            int batch = x.size(0), count = h.size(1) * h.size(2) + 1;
            h = h.reshape(batch, count - 1, width);
            // 2. class token and positions
            Tensor first = token.to(dtype).reshape(1, 1, width), all = first;
            for (int i = 1; i < batch; i++) all = all.concat(0, first);
            h = all.concat(1, h);                                                     // [B, 1 + h*w, width]
            if (kind != Positions.NONE) h = h.add(ClipImageEncoder.positions(positions.to(dtype), count));
            h = pre.forward(h);
            // 3. layers
            for (ClipLayer layer : layers) h = s.replace(h, layer.forward(h));
            // 4. the class token
            h = h.slice(1, 0, 1).reshape(batch, width);
            return s.keep(projection.forward(post.forward(h)));                       // [B, projection]
        }
    }
}
