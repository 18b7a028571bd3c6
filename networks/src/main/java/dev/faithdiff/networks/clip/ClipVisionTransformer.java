package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** CLIP's vision transformer: square patches and a class token, whose last state is projected (transformers CLIPVisionModelWithProjection). */
public final class ClipVisionTransformer implements ClipImageEncoder {
    static final String PATCHES = "vision_model.embeddings.patch_embedding.weight";
    private static final float EPS = 1e-5f;

    private final ClipVisionTower tower;
    private final Positions kind;
    private final LayerNorm post;
    private final Linear projection;

    public ClipVisionTransformer(Weights w, NamedShapes s, int heads, Positions kind) {
        this.kind = kind;
        int width = s.size(PATCHES, 0);
        Weights m = w.at("vision_model");
        tower = new ClipVisionTower(m, new ClipVisionTower.Sizes(width, heads, s.count("vision_model.encoder.layers", "mlp.fc1.weight"),
                s.size("vision_model.encoder.layers.0.mlp.fc1.weight", 0), s.size(PATCHES, 2),
                s.size("vision_model.embeddings.position_embedding.weight", 0)));
        post = new LayerNorm(m.at("post_layernorm"), width, EPS);
        projection = new Linear(w.at("visual_projection"), width, s.size("visual_projection.weight", 0), false);
    }

    @Override public int side() { return tower.sizes().side(); }

    @Override public int leastSide() { return kind == Positions.FIXED ? side() : tower.sizes().patch(); }

    @Override public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = tower.forward(x, kind).slice(1, 0, 1).reshape(x.size(0), tower.sizes().width()); // of the class token
            return s.keep(projection.forward(post.forward(h)));                                         // [B, projection]
        }
    }
}
