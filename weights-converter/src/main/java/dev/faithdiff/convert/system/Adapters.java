package dev.faithdiff.convert.system;

import dev.faithdiff.convert.names.AdapterNames;
import dev.faithdiff.nn.Layout;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraWeights;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** LoRAs that a released file holds as PEFT's adapters. They are added in F32 to the weights of their base, and only the sum is rounded. */
final class Adapters {
    /** What PEFT takes where a script sets none, as those of OSEDiff and PiSA-SR: 8. The change is this over the rank. */
    private static final Map<String, String> ALPHA =
            Map.of("lora_adapter_metadata", "{\"unet.lora_alpha\": " + AdapterNames.ALPHA + ", \"vae.lora_alpha\": " + AdapterNames.ALPHA + "}");

    private Adapters() { }

    /**
     * The tensors of a part with all changes in place of those that are changed.
     *
     * @param file  of the adapters, for messages
     * @param loras factors by the names that {@link AdapterNames} gives them
     */
    static Map<String, Source> added(Lora.Part part, Map<String, Source> base, String file, List<Map<String, Source>> loras, Precision precision) {
        WeightSource weights = new SourceWeights(part.folder(), base);
        Set<String> changed = new LinkedHashSet<>();
        try (Scope _ = Scope.open()) {
            for (Map<String, Source> factors : loras) {
                LoraWeights with = new LoraWeights(weights, Lora.of(new SourceWeights(file, factors), ALPHA, part, UnaryOperator.identity()), 1);
                base.keySet().stream().filter(with::changes).forEach(changed::add);
                weights = with;
            }
        }
        WeightSource sum = weights;
        Map<String, Source> all = new LinkedHashMap<>(base);
        for (String key : changed) {
            Source t = base.get(key);
            DType type = precision.apply(part.folder(), t).dtype();
            Shape inLayer = Layout.inLayer(t.shape());
            all.put(key, Source.made(key, type, t.shape(), () -> Layout.toFile(sum.get(key, null, inLayer).to(type))));
        }
        return all;
    }
}
