package dev.faithdiff.networks.clipiqa;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;

/** Prompts in pairs of a good and a bad one: words, or words with learned vectors between them. */
public final class Prompts {
    private static final String LEARNED = "prompt_learner.ctx", PREFIX = "prompt_learner.token_prefix", SUFFIX = "prompt_learner.token_suffix";
    /** Learned vectors of a prompt, half of them before the words and half behind, and the words. */
    private static final int VECTORS = 16, WORDS = 3;

    private final int[][] ids;
    private final Tensor learned, prefix, suffix;
    private final DType dtype;

    /** @param given token ids of each prompt with its start and end; of learned prompts without the places of their vectors */
    public Prompts(Weights w, NamedShapes s, int[][] given) {
        dtype = w.dtype();
        if (!s.has(LEARNED)) {
            ids = padded(given);
            learned = prefix = suffix = null;
            return;
        }
        ids = withPlaces(given);
        boolean shared = s.rank(LEARNED) == 2, stored = s.has(PREFIX);
        int width = s.size(LEARNED, shared ? 1 : 2), n = given.length;
        learned = shared ? w.get(LEARNED, Init.ZERO, VECTORS, width) : w.get(LEARNED, Init.ZERO, n, VECTORS, width);
        prefix = stored ? w.get(PREFIX, Init.ZERO, n, 1, width) : null;
        suffix = stored ? w.get(SUFFIX, Init.ZERO, n, s.size(SUFFIX, 1), width) : null;
    }

    /** The token ids {@code prompts} of {@code model.json}, which are those of CLIP's vocabulary. */
    public static int[][] of(Config settings) { return settings.lists("prompts"); }

    /** Zeros follow the end, as published. The text encoder is causal, so they change nothing before it. */
    private static int[][] padded(int[][] given) {
        int most = 0;
        for (int[] prompt : given) most = Math.max(most, prompt.length);
        int[][] ids = new int[given.length][most];
        for (int i = 0; i < ids.length; i++) System.arraycopy(given[i], 0, ids[i], 0, given[i].length);
        return ids;
    }

    /** With zeros where the vectors are. */
    private static int[][] withPlaces(int[][] given) {
        int half = VECTORS / 2;
        int[][] ids = new int[given.length][1 + VECTORS + WORDS + 1];
        for (int i = 0; i < ids.length; i++) {
            if (given[i].length != WORDS + 2) throw new IllegalArgumentException("a learned prompt has " + WORDS + " tokens between start and end");
            ids[i][0] = given[i][0];
            System.arraycopy(given[i], 1, ids[i], 1 + half, WORDS);
            ids[i][ids[i].length - 1] = given[i][WORDS + 1];
        }
        return ids;
    }

    /** Token ids, of which the largest is the end. */
    int[][] ids() { return ids; }

    /** {@code [prompts, tokens, width]}, in the current scope. */
    Tensor embedded(ClipTextEncoder text) {
        int n = ids.length, tokens = ids[0].length, half = VECTORS / 2, behind = 1 + half + WORDS;
        long[] flat = new long[n * tokens];
        for (int i = 0; i < flat.length; i++) flat[i] = ids[i / tokens][i % tokens];
        Tensor table = learned == null ? null : learned.to(dtype);
        Tensor words = text.embedded(Tensor.of(flat, n, tokens).to(text.device()));
        if (table == null) return words;
        if (table.rank() == 2) {
            Tensor one = table.reshape(1, VECTORS, table.size(1));
            table = one;
            for (int i = 1; i < n; i++) table = table.concat(0, one);
        }
        Tensor start = prefix == null ? words.slice(1, 0, 1) : prefix.to(dtype);
        Tensor middle = suffix == null ? words.slice(1, 1 + half, behind) : suffix.to(dtype).slice(1, 0, WORDS);
        Tensor end = suffix == null ? words.slice(1, tokens - 1, tokens) : suffix.to(dtype).slice(1, WORDS, WORDS + 1);
        return start.concat(1, table.slice(1, 0, half), middle, table.slice(1, half, VECTORS), end);
    }
}
