package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * The text of Stable Diffusion 1 and 2: the states behind the last layer of one encoder and its final norm, all 77 of them. (SDXL takes those
 * before the last layer, without the norm: {@link PromptEncoder}.) A model whose text never changes has these states and no encoder.
 */
public final class TextStates implements AutoCloseable {
    /** Where a model folder has the states of its one text, and their name there. */
    public static final String FILE = "text/model.safetensors", STATES = "states";

    private final TextEncoder encoder;
    private final Weights weights;
    private final Tensor states;
    private final Device device;

    private TextStates(TextEncoder encoder, Weights weights, Tensor states, Device device) {
        this.encoder = encoder;
        this.weights = weights;
        this.states = states;
        this.device = device;
    }

    /** The text side of a model folder. @param width of the states that a folder without encoder has @param open opens a file of the folder */
    public static TextStates open(Path folder, int width, Device device, Function<String, Weights> open) {
        if (Files.isDirectory(folder.resolve("text_encoder"))) {
            TextEncoder encoder = TextEncoder.open(folder, "text_encoder", "tokenizer", open);
            return new TextStates(encoder, encoder.weights(), null, device);
        }
        Weights w = open.apply(FILE);
        Tensor states = constant(w, width);
        return new TextStates(null, w.done(), states, device);
    }

    /** The states {@code [77, width]} of a text that never changes. */
    public static Tensor constant(Weights w, int width) { return w.get(STATES, Init.ZERO, ClipTokenizer.LENGTH, width); }

    /** False for a model to which every prompt is the same. */
    public boolean readsText() { return encoder != null; }

    /** Width of the states. */
    public int width() { return encoder == null ? states.size(1) : encoder.model().config().width(); }

    /** The last words of a prompt, of which at least a part is cut off; none where all fits. */
    public List<String> beyond(String prompt) {
        return encoder == null ? List.of() : TextEncoder.beyond(prompt, encoder.tokenizer()::windows);
    }

    /** Where a word's tokens stand among the states of a prompt; none if it does not stand there, or every prompt is the same. */
    public int[] places(String prompt, String word) {
        return encoder == null ? new int[0] : encoder.tokenizer().places(prompt, word, 1);
    }

    /** The states {@code [1, 77, width]} of a prompt, in the current scope. What does not fit is cut off. */
    public Tensor encode(String prompt) {
        if (encoder == null) return states.reshape(1, states.size(0), states.size(1));
        try (Scope s = Scope.open()) {
            return s.keep(states(encoder.model(), new int[][] {encoder.tokenizer().encode(prompt)}, device));
        }
    }

    /** The states {@code [texts, 77, width]} that an encoder gives for token ids. */
    public static Tensor states(ClipTextEncoder model, int[][] ids, Device device) {
        return model.normalized(new TextEncoder(null, null, model).hiddenStates(ids, device));
    }

    @Override public void close() { weights.close(); }
}
