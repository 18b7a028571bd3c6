package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.networks.t5.CaptionCleaning;
import dev.faithdiff.networks.t5.T5Config;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.networks.t5.UnigramTokenizer;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * T5's states of captions. T5, which is larger than all else, is open only while it reads one; the states of the last captions stay in memory, and
 * of more on disk.
 */
final class CaptionStates {
    private static final String PART = "t5";
    private static final int KEPT = 8;

    private final SdModel base;
    private final int most;
    private final UnigramTokenizer tokenizer;
    private final T5Config config;
    private final Map<List<Integer>, float[]> known = new LinkedHashMap<>() {
        @Override protected boolean removeEldestEntry(Map.Entry<List<Integer>, float[]> eldest) { return size() > KEPT; }
    };
    private CaptionFiles files;

    /** @param most tokens of a caption, its end among them */
    CaptionStates(SdModel base, int most) {
        this.base = base;
        this.most = most;
        tokenizer = UnigramTokenizer.read(base.file("tokenizer/spiece.model"));
        config = T5Config.of(base.settings(PART));
    }

    /** The tokens of a caption, which is cleaned twice, as published. */
    List<Integer> tokens(String caption) {
        int[] ids = tokenizer.encode(CaptionCleaning.clean(CaptionCleaning.clean(caption)), most);
        return Arrays.stream(ids).boxed().toList();
    }

    /** {@code [1, T, width]} in F32, of the caption's tokens alone. */
    synchronized Tensor of(String caption) {
        List<Integer> ids = tokens(caption);
        float[] states = known.computeIfAbsent(ids, this::found);
        return Tensor.of(states, 1, ids.size(), config.width()).to(base.device);
    }

    private float[] found(List<Integer> ids) {
        if (files == null) files = CaptionFiles.of(base, PART);
        float[] kept = files.find(ids, ids.size() * config.width());
        if (kept != null) return kept;
        float[] states = read(ids);
        if (base.device.computes() && allFinite(states)) files.keep(ids, states);
        return states;
    }

    private static boolean allFinite(float[] states) {
        for (float v : states) if (!Float.isFinite(v)) return false;
        return true;
    }

    private float[] read(List<Integer> ids) {
        return base.passing(PART + "/model.safetensors", w -> {
            T5Encoder encoder = new T5Encoder(w, config);
            w.done();
            long[] tokens = ids.stream().mapToLong(Integer::longValue).toArray();
            try (Scope _ = Scope.open()) {
                return encoder.forward(Tensor.of(tokens, 1, tokens.length).to(base.device)).to(DType.F32).toFloats();
            }
        });
    }
}
