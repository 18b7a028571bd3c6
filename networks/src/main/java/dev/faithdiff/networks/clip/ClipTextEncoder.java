package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Embedding;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.LayerNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
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
    private final List<ClipLayer> layers = new ArrayList<>();
    private final LayerNorm finalNorm;
    private final Linear projection;

    public ClipTextEncoder(Weights w, ClipConfig c) {
        config = c;
        dtype = w.dtype();
        Weights m = w.at("text_model");
        tokens = new Embedding(m.at("embeddings.token_embedding"), c.vocabulary(), c.width());
        positions = m.get("embeddings.position_embedding.weight", Init.normal(0.01f), c.positions(), c.width());
        for (int i = 0; i < c.layers(); i++) {
            layers.add(new ClipLayer(m.at("encoder.layers", i), c.width(), c.heads(), c.mlpWidth(), c.eps(), c.quickGelu(), true));
        }
        finalNorm = new LayerNorm(m.at("final_layer_norm"), c.width(), c.eps());
        projection = c.projection() == 0 ? null : new Linear(w.at("text_projection"), c.width(), c.projection(), false);
    }

    public ClipConfig config() { return config; }

    /** Where its weights are. */
    public Device device() { return positions.device(); }

    /** The input embedding and the states after each layer, without the final norm: {@code layers + 1} tensors {@code [B, 77, width]}. */
    public List<Tensor> hiddenStates(Tensor ids) { return hiddenStatesOf(embedded(ids)); }

    /** The vectors of tokens, without their positions: {@code [B, T]} to {@code [B, T, width]}. */
    public Tensor embedded(Tensor ids) { return tokens.forward(ids).to(dtype); }

    /** As {@link #hiddenStates}, of vectors {@code [B, T, width]} that need not be those of tokens; T is at most 77. */
    public List<Tensor> hiddenStatesOf(Tensor embedded) {
        List<Tensor> states = new ArrayList<>();
        // 1. tokens and their positions
        Tensor x = embedded.add(positions.slice(0, 0, embedded.size(1)));                   // [B, 77, width]
        states.add(x);
        // 2. layers
        for (ClipLayer layer : layers) {
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
}
