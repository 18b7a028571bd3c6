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
    /** Text states {@code [1, windows * 77, textWidth]} and pooled text {@code [1, pooledWidth]}. */
    public record Prompt(Tensor states, Tensor pooled) {
        /** This prompt's rows and below them another's. */
        public Prompt with(Prompt next) { return new Prompt(states.concat(0, next.states), pooled.concat(0, next.pooled)); }
    }

    private final TextEncoder first, second;
    private final int tokens, textWidth, pooledWidth;
    private final Device device;

    private PromptEncoder(TextEncoder first, TextEncoder second, int tokens, int textWidth, int pooledWidth, Device device) {
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
        TextEncoder first = TextEncoder.open(folder, "text_encoder", "tokenizer", weights);
        try {
            return new PromptEncoder(first, TextEncoder.open(folder, "text_encoder_2", "tokenizer_2", weights), 0, 0, 0, device);
        } catch (Throwable e) {
            first.weights().close();
            throw e;
        }
    }

    /** False for a model that was made without text encoders, to which every prompt is the same. */
    public boolean readsText() { return first != null; }

    /** Width of the text states. */
    public int stateWidth() { return first == null ? textWidth : first.model().config().width() + second.model().config().width(); }

    /** Width of the pooled text. */
    public int pooledWidth() {
        if (first == null) return pooledWidth;
        ClipConfig c = second.model().config();
        return c.projection() == 0 ? c.width() : c.projection();
    }

    /** How many windows of 75 tokens a prompt fills for the encoder that needs more; 1 for null and in a model without encoders. */
    public int windows(String prompt) {
        return first == null || prompt == null ? 1 : Math.max(first.tokenizer().windows(prompt), second.tokenizer().windows(prompt));
    }

    /** The last words of a prompt, of which at least a part lies beyond the first window; none where all fits. */
    public List<String> beyond(String prompt) { return TextEncoder.beyond(prompt, this::windows); }

    /**
     * Where a word's tokens stand among the states of a prompt, as the first encoder reads it (the second one differs where there is a "!"). None if
     * it does not stand there, or in a model without encoders.
     */
    public int[] places(String prompt, String word, int windows) {
        return first == null ? new int[0] : first.tokenizer().places(prompt, word, windows);
    }

    /** {@link #encode(String, int)} of what fits into one window. */
    public Prompt encode(String prompt) { return encode(prompt, 1); }

    /**
     * The encoded prompt in the current scope. Each window is encoded by itself; their states lie one behind the other, and the pooled text is
     * the first one's (as in the common tools for SDXL). What does not fit is cut off.
     *
     * @param prompt  null stands for no prompt at all, which is zeros
     * @param windows at least {@link #windows} of the prompt to read all of it; the others are empty
     */
    public Prompt encode(String prompt, int windows) {
        try (Scope s = Scope.open()) {
            if (first == null) return kept(s, zeros(tokens, textWidth), zeros(pooledWidth));
            String text = prompt == null ? "" : prompt;
            int[][] ids1 = first.tokenizer().encode(text, windows), ids2 = second.tokenizer().encode(text, windows);
            List<Tensor> states1 = first.hiddenStates(ids1, device), states2 = second.hiddenStates(ids2, device);
            Tensor states = states1.get(states1.size() - 2).concat(2, states2.get(states2.size() - 2));   // [windows, 77, textWidth]
            states = states.reshape(1, windows * ClipTokenizer.LENGTH, states.size(2));
            Tensor pooled = second.model().pooled(states2, ids2).slice(0, 0, 1);
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

    @Override public void close() {
        if (first == null) return;
        first.weights().close();
        second.weights().close();
    }
}
