package dev.faithdiff.networks.clip;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * Both CLIP text encoders with their tokenizers (FaithDiff encode_prompt): states are the penultimate ones of both side by side, pooled
 * is the second encoder's. A model without text encoders answers with zeros.
 */
public final class PromptEncoder implements AutoCloseable {
    /** Text states {@code [1, 77, textWidth]} and pooled text {@code [1, pooledWidth]}. */
    public record Prompt(Tensor states, Tensor pooled) {
        /** This prompt's rows and below them another's. */
        public Prompt with(Prompt next) { return new Prompt(states.concat(0, next.states), pooled.concat(0, next.pooled)); }
    }

    /** One encoder with its tokenizer and weights. */
    private record Encoder(ClipTokenizer tokenizer, Weights weights, ClipTextEncoder model) {
        static Encoder open(Path folder, String encoder, String tokenizer, Function<String, Weights> weights) {
            Weights w = weights.apply(encoder + "/model.safetensors");
            try {
                ClipConfig c = ClipConfig.of(Config.read(folder.resolve(encoder).resolve("config.json")));
                ClipTextEncoder model = new ClipTextEncoder(w, c);
                w.done();
                return new Encoder(ClipTokenizer.open(folder.resolve(tokenizer)), w, model);
            } catch (Throwable e) {
                w.close();
                throw e;
            }
        }
    }

    private final Encoder first, second;
    private final int tokens, textWidth, pooledWidth;
    private final Device device;

    private PromptEncoder(Encoder first, Encoder second, int tokens, int textWidth, int pooledWidth, Device device) {
        this.first = first;
        this.second = second;
        this.tokens = tokens;
        this.textWidth = textWidth;
        this.pooledWidth = pooledWidth;
        this.device = device;
    }

    /**
     * The text side of a model folder.
     *
     * @param sizes   the {@code faithdiff} part of {@code model.json}, for models without encoders
     * @param weights opens a file of the folder
     */
    public static PromptEncoder open(Path folder, Config sizes, Device device, Function<String, Weights> weights) {
        if (!Files.isDirectory(folder.resolve("text_encoder"))) {
            return new PromptEncoder(null, null, sizes.integer("text_tokens"), sizes.integer("text_dim"), sizes.integer("pooled_text_dim"), device);
        }
        Encoder first = Encoder.open(folder, "text_encoder", "tokenizer", weights);
        try {
            return new PromptEncoder(first, Encoder.open(folder, "text_encoder_2", "tokenizer_2", weights), 0, 0, 0, device);
        } catch (Throwable e) {
            first.weights.close();
            throw e;
        }
    }

    /** False for a model that was made without text encoders, to which every prompt is the same. */
    public boolean readsText() { return first != null; }

    /** Width of the text states. */
    public int stateWidth() { return first == null ? textWidth : first.model.config().width() + second.model.config().width(); }

    /** Width of the pooled text. */
    public int pooledWidth() {
        if (first == null) return pooledWidth;
        ClipConfig c = second.model.config();
        return c.projection() == 0 ? c.width() : c.projection();
    }

    /** The encoded prompt in the current scope; null stands for no prompt at all, which is zeros. */
    public Prompt encode(String prompt) {
        try (Scope s = Scope.open()) {
            if (first == null) return kept(s, zeros(tokens, textWidth), zeros(pooledWidth));
            int[] ids1 = first.tokenizer.encode(prompt == null ? "" : prompt), ids2 = second.tokenizer.encode(prompt == null ? "" : prompt);
            List<Tensor> states1 = first.model.hiddenStates(ids(ids1)), states2 = second.model.hiddenStates(ids(ids2));
            Tensor states = states1.get(states1.size() - 2).concat(2, states2.get(states2.size() - 2));
            Tensor pooled = second.model.pooled(states2, new int[][] {ids2});
            return prompt == null ? kept(s, states.mul(0), pooled.mul(0)) : kept(s, states, pooled);
        }
    }

    private static Prompt kept(Scope s, Tensor states, Tensor pooled) { return new Prompt(s.keep(states), s.keep(pooled)); }

    private Tensor zeros(int... sizes) {
        int[] shape = new int[sizes.length + 1];
        shape[0] = 1;
        System.arraycopy(sizes, 0, shape, 1, sizes.length);
        return Tensor.zeros(device, DType.F32, Shape.of(shape));
    }

    private Tensor ids(int[] ids) {
        long[] v = new long[ids.length];
        for (int i = 0; i < v.length; i++) v[i] = ids[i];
        return Tensor.of(v, 1, v.length).to(device);
    }

    @Override public void close() {
        if (first == null) return;
        first.weights.close();
        second.weights.close();
    }
}
