package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors of another source, in host memory, with a {@link Lora} added in F32. Several may be stacked; only their sum is rounded to the type
 * in which the weight is kept. A changed weight is no longer mapped. One of 8 bits is kept in F16, since rounding to 8 bits would lose the
 * change.
 */
public final class LoraWeights implements DerivedWeights {
    private static final String WEIGHT = ".weight";

    private final WeightSource source;
    private final Lora lora;
    private final float strength;
    private final Map<String, LoraChange> changes = new HashMap<>();
    private final Map<String, Held> held;

    /**
     * @param source   holds the weights of the LoRA's part; closed with this, as is the LoRA
     * @param strength factor of the whole change, 1 as trained
     * @throws WeightsError listing all changes that the source has no weight for
     */
    public LoraWeights(WeightSource source, Lora lora, float strength) {
        this.source = source;
        this.lora = lora;
        this.strength = strength;
        held = new LinkedHashMap<>(source.held());
        List<String> problems = new ArrayList<>();
        Map<String, String> keys = keys();
        lora.changes().forEach((module, change) -> {
            String key = keys.get(Lora.flat(module));
            if (key == null) problems.add(module + WEIGHT + " is not part of the model");
            else if (changes.containsKey(key)) problems.add(key + " is changed twice");
            else if (change.misfit(lora.file(), held.get(key).shape()) instanceof String problem) problems.add(problem);
            else put(key, change);
        });
        if (!problems.isEmpty()) {
            close();
            throw new WeightsError(lora.name(), problems);
        }
    }

    /** The keys of weights by the names that the file may use for their modules. */
    private Map<String, String> keys() {
        Map<String, String> keys = new HashMap<>();
        for (String key : held.keySet()) {
            if (!key.endsWith(WEIGHT)) continue;
            for (String name : lora.names(key.substring(0, key.length() - WEIGHT.length()))) keys.put(name, key);
        }
        return keys;
    }

    private void put(String key, LoraChange change) {
        changes.put(key, change);
        Held before = held.get(key);
        if (before.dtype().bytes() == 1) held.put(key, new Held(before.shape(), DType.F16));
    }

    /** Whether this, and not a source below, changes a weight. */
    public boolean changes(String key) { return changes.containsKey(key); }

    @Override public WeightSource source() { return source; }

    @Override public Map<String, Held> held() { return held; }

    @Override public Tensor get(String key, Init init, Shape shape) {
        Tensor t = source.get(key, init, shape);
        LoraChange change = changes.get(key);
        return change == null || !hasValues() ? t : t.to(DType.F32).add(change.of(lora.file(), shape, strength));
    }

    @Override public void close() {
        lora.close();
        source.close();
    }
}
