package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Embedding;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A CLIP text encoder: a causal transformer over 77 tokens (transformers CLIPTextModel, CLIPTextModelWithProjection). */
public final class ClipTextEncoder {
    private final ClipConfig config;
    private final DType dtype;
    private final Embedding tokens;
    private final Tensor positions;
    private final List<Layer> layers = new ArrayList<>();
    private final LayerNorm finalNorm;
    private final Linear projection;

    public ClipTextEncoder(Weights w, ClipConfig c) {
        config = c;
        dtype = w.dtype();
        Weights m = w.at("text_model");
        tokens = new Embedding(m.at("embeddings.token_embedding"), c.vocabulary(), c.width());
        positions = m.get("embeddings.position_embedding.weight", Init.normal(0.01f), c.positions(), c.width());
        for (int i = 0; i < c.layers(); i++) layers.add(new Layer(m.at("encoder.layers", i), c));
        finalNorm = new LayerNorm(m.at("final_layer_norm"), c.width(), c.eps());
        projection = c.projection() == 0 ? null : new Linear(w.at("text_projection"), c.width(), c.projection(), false);
    }

    public ClipConfig config() { return config; }

    /** The input embedding and the states after each layer, without the final norm: {@code layers + 1} tensors {@code [B, 77, width]}. */
    public List<Tensor> hiddenStates(Tensor ids) {
        List<Tensor> states = new ArrayList<>();
        // 1. tokens and their positions
        Tensor x = tokens.forward(ids).to(dtype).add(positions.slice(0, 0, ids.size(1)));   // [B, 77, width]
        states.add(x);
        // 2. layers
        for (Layer layer : layers) {
            x = layer.forward(x);
            states.add(x);
        }
        return states;
    }

    /** The last state after the final norm. */
    public Tensor normalized(List<Tensor> states) { return finalNorm.forward(states.getLast()); }

    /**
     * The pooled text: the normalized state at the first position of the largest token id, projected where the encoder projects.
     * The largest id is the end token; released configurations (eos_token_id 2) make the published code look there.
     */
    public Tensor pooled(List<Tensor> states, int[][] ids) {
        Tensor last = normalized(states);
        Tensor[] rows = new Tensor[ids.length];
        for (int b = 0; b < ids.length; b++) {
            int end = 0;
            for (int i = 1; i < ids[b].length; i++) if (ids[b][i] > ids[b][end]) end = i;
            rows[b] = last.slice(0, b, b + 1).slice(1, end, end + 1).reshape(1, config.width());
        }
        Tensor pooled = rows.length == 1 ? rows[0] : rows[0].concat(0, Arrays.copyOfRange(rows, 1, rows.length));
        return projection == null ? pooled : projection.forward(pooled);
    }

    /** Attention and MLP, each behind LayerNorm with a residual. */
    private static final class Layer {
        private final LayerNorm norm1, norm2;
        private final Linear q, k, v, out, up, down;
        private final ClipConfig config;

        Layer(Weights w, ClipConfig c) {
            config = c;
            norm1 = new LayerNorm(w.at("layer_norm1"), c.width(), c.eps());
            q = new Linear(w.at("self_attn.q_proj"), c.width(), c.width());
            k = new Linear(w.at("self_attn.k_proj"), c.width(), c.width());
            v = new Linear(w.at("self_attn.v_proj"), c.width(), c.width());
            out = new Linear(w.at("self_attn.out_proj"), c.width(), c.width());
            norm2 = new LayerNorm(w.at("layer_norm2"), c.width(), c.eps());
            up = new Linear(w.at("mlp.fc1"), c.width(), c.mlpWidth());
            down = new Linear(w.at("mlp.fc2"), c.mlpWidth(), c.width());
        }

        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor n = norm1.forward(x);
                x = out.forward(q.forward(n).attention(k.forward(n), v.forward(n), config.heads(), true), x);
                Tensor h = up.forward(norm2.forward(x));
                return s.keep(down.forward(config.quickGelu() ? h.quickGelu() : h.gelu(), x));
            }
        }
    }
}
