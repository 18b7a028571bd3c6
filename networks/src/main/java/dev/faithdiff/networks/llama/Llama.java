package dev.faithdiff.networks.llama;

import dev.faithdiff.nn.Embedding;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.RmsNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** LLaMA: continues a text token by token (transformers LlamaForCausalLM). */
public final class Llama {
    /** The table of token embeddings. */
    public static final String TOKENS = "model.embed_tokens.weight";
    /** What scores the next token. */
    public static final String HEAD = "lm_head.weight";

    private final LlamaConfig config;
    private final Embedding tokens;
    private final List<LlamaLayer> layers = new ArrayList<>();
    private final RmsNorm norm;
    private final Linear head;

    public Llama(Weights w, LlamaConfig c) {
        config = c;
        Weights m = w.at("model");
        tokens = new Embedding(m.at("embed_tokens"), c.vocabulary(), c.width());
        for (int i = 0; i < c.layers(); i++) layers.add(new LlamaLayer(m.at("layers", i), c, i));
        norm = new RmsNorm(m.at("norm"), c.width(), c.eps());
        head = new Linear(w.at("lm_head"), c.width(), c.vocabulary(), false);
    }

    public LlamaConfig config() { return config; }

    /** The vectors of tokens: {@code [1, T]} to {@code [1, T, width]}. */
    public Tensor embed(Tensor ids) { return tokens.forward(ids).to(DType.F32); }

    /** The states {@code [1, T, width]} of the next tokens' vectors, normalized; the cache holds them afterwards. */
    public Tensor forward(Tensor x, KeyValues cache) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (LlamaLayer layer : layers) h = s.replace(h, layer.forward(h, cache));   // [1, T, width]
            cache.seen(x.size(1));
            return s.keep(norm.forward(h));
        }
    }

    /** The states after each layer, and last after the norm: {@link #forward} with all that is between. */
    public List<Tensor> states(Tensor x, KeyValues cache) {
        List<Tensor> all = new ArrayList<>();
        for (LlamaLayer layer : layers) all.add(layer.forward(all.isEmpty() ? x : all.getLast(), cache));
        cache.seen(x.size(1));
        all.add(norm.forward(all.getLast()));
        return all;
    }

    /** Scores {@code [..., vocabulary]} of the token behind each state. */
    public Tensor logits(Tensor states) { return head.forward(states); }
}
