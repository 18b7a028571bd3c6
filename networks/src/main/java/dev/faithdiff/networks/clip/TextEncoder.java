package dev.faithdiff.networks.clip;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** One CLIP text encoder with its tokenizer and weights. */
record TextEncoder(ClipTokenizer tokenizer, Weights weights, ClipTextEncoder model) {
    /** Those of two folders of a model folder. @param open opens a file of the model folder */
    static TextEncoder open(Path folder, String encoder, String tokenizer, Function<String, Weights> open) {
        Weights w = open.apply(encoder + "/model.safetensors");
        try {
            ClipConfig c = ClipConfig.of(Config.read(folder.resolve(encoder).resolve("config.json")));
            ClipTextEncoder model = new ClipTextEncoder(w, c);
            w.done();
            return new TextEncoder(ClipTokenizer.open(folder.resolve(tokenizer)), w, model);
        } catch (Throwable e) {
            w.close();
            throw e;
        }
    }

    /** {@link ClipTextEncoder#hiddenStates} of windows of token ids. */
    List<Tensor> hiddenStates(int[][] ids, Device device) {
        long[] v = Arrays.stream(ids).flatMapToInt(Arrays::stream).asLongStream().toArray();
        return model.hiddenStates(Tensor.of(v, ids.length, ClipTokenizer.LENGTH).to(device));
    }

    /** The last words of a prompt, of which at least a part lies beyond the first window; none where all fits. @param windows of a text */
    static List<String> beyond(String prompt, ToIntFunction<String> windows) {
        if (windows.applyAsInt(prompt) == 1) return List.of();
        List<String> words = List.of(prompt.strip().split("\\s+"));
        int fit = 0, beyond = words.size();
        while (beyond - fit > 1) {
            int middle = (fit + beyond) / 2;
            if (windows.applyAsInt(String.join(" ", words.subList(0, middle))) == 1) fit = middle;
            else beyond = middle;
        }
        return words.subList(fit, words.size());
    }
}
