package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;

/** The layouts of DreamClear's files: its own network, which keeps its names, and T5's encoder. */
public final class DreamClearFiles {
    private static final String WRAPPER = "state_dict.";

    private DreamClearFiles() { }

    private static Map<String, Source> bare(Map<String, Source> tensors) {
        Map<String, Source> inner = KeyNames.below(WRAPPER, tensors);
        return inner.isEmpty() ? tensors : inner;
    }

    /** The network without its table of positions, which follows from its sizes. */
    public static Map<String, Source> net(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>(bare(tensors));
        all.remove(DreamClearNet.POSITIONS);
        return all;
    }

    /** The network's sizes. @throws IllegalArgumentException if the tensors are not those of one */
    public static DreamClearConfig sizes(Map<String, Source> tensors) { return DreamClearConfig.of(Views.shapes(bare(tensors))); }

    /** T5's encoder without the second name of its table of tokens, and without a decoder. */
    public static Map<String, Source> t5(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>(tensors);
        all.keySet().removeIf(key -> key.equals("encoder.embed_tokens.weight") || key.startsWith("decoder.") || key.equals("lm_head.weight"));
        return all;
    }
}
