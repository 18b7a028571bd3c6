package dev.faithdiff.networks.t5;

import dev.faithdiff.nn.Embedding;
import dev.faithdiff.nn.RmsNorm;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The encoder of T5 version 1.1 (transformers T5EncoderModel). It computes in F32: in F16 its activations are too large. */
public final class T5Encoder {
    /** The table of token embeddings. */
    public static final String TOKENS = "shared.weight";
    /** The table of what distances between tokens add to scores. */
    public static final String DISTANCES = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";

    private final T5Config config;
    private final Embedding tokens, distances;
    private final List<T5Layer> layers = new ArrayList<>();
    private final RmsNorm norm;

    public T5Encoder(Weights w, T5Config c) {
        config = c;
        tokens = new Embedding(w.at("shared"), c.vocabulary(), c.width());
        Weights encoder = w.at("encoder");
        distances = new Embedding(encoder.at("block.0.layer.0.SelfAttention.relative_attention_bias"), c.buckets(), c.heads());
        for (int i = 0; i < c.layers(); i++) layers.add(new T5Layer(encoder.at("block", i), c));
        norm = new RmsNorm(encoder.at("final_layer_norm"), c.width(), c.eps());
    }

    public T5Config config() { return config; }

    /** The states {@code [1, T, width]} of a text's tokens {@code [1, T]}. Padding, which nothing would attend to, is not needed. */
    public Tensor forward(Tensor ids) {
        try (Scope s = Scope.open()) {
            Tensor bias = bias(ids), h = tokens.forward(ids).to(DType.F32);
            for (T5Layer layer : layers) h = s.replace(h, layer.forward(h, bias));   // [1, T, width]
            return s.keep(norm.forward(h));
        }
    }

    /** The states after each layer, and last after the norm: {@link #forward} with all that is between. */
    public List<Tensor> states(Tensor ids) {
        List<Tensor> all = new ArrayList<>();
        Tensor bias = bias(ids);
        for (T5Layer layer : layers) all.add(layer.forward(all.isEmpty() ? tokens.forward(ids).to(DType.F32) : all.getLast(), bias));
        all.add(norm.forward(all.getLast()));
        return all;
    }

    /** What the places of two tokens add to their score, {@code [1, heads, T, T]}, in all layers. */
    Tensor bias(Tensor ids) {
        int n = ids.size(1);
        long[] buckets = new long[n * n];
        for (int i = 0; i < buckets.length; i++) buckets[i] = config.bucket(i % n - i / n);
        try (Scope s = Scope.open()) {
            return s.keep(distances.forward(Tensor.of(buckets, 1, n * n).to(ids.device())).to(DType.F32).permute(0, 2, 1))
                    .reshape(1, config.heads(), n, n);
        }
    }
}
