package dev.faithdiff.convert.system;

import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.OriginalNames;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Layout;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.LoraWeights;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** LoRA files of any format, safetensors or pickle, that are added to the weights of a model for good. */
final class MergedLoras implements AutoCloseable {
    /** A file that is open, with its tensors as they lie in it. */
    private record Opened(LoraFile use, WeightFile file, Map<String, Source> tensors) {}

    private final List<Opened> files = new ArrayList<>();

    MergedLoras(List<LoraFile> loras) {
        for (LoraFile l : loras) {
            WeightFile file = WeightFile.open(l.path());
            files.add(new Opened(l, file, KeyNames.unwrap(file.tensors())));
        }
    }

    /** @throws dev.faithdiff.nn.WeightsError naming tensors that are for none of a model's parts */
    void requireOnly(Collection<Lora.Part> parts) {
        files.forEach(f -> Lora.requireOnly(f.use.path().toString(), f.tensors.keySet(), parts));
    }

    /**
     * The tensors of a part with the changes in place of those that are changed.
     *
     * @param unet the U-Net's settings, null for other parts
     */
    Map<String, Source> merged(Lora.Part part, Map<String, Source> tensors, Config unet, ConversionReport report) {
        if (files.isEmpty()) return tensors;
        UnaryOperator<String> original = unet == null ? UnaryOperator.identity() : new OriginalNames(UNetConfig.of(unet))::of;
        WeightSource weights = new SourceWeights(part.folder(), tensors);
        Set<String> changed = new LinkedHashSet<>();
        try (Scope _ = Scope.open()) {
            for (Opened f : files) {
                Lora lora = Lora.of(new SourceWeights(f.use.path().toString(), f.tensors), f.file.metadata(), part, original);
                LoraWeights with = new LoraWeights(weights, lora, f.use.strength());
                long count = tensors.keySet().stream().filter(with::changes).peek(changed::add).count();
                String from = f.use.path().getFileName() + " times " + f.use.strength();
                if (count > 0) report.note(part.folder() + ": " + count + " tensors changed by " + from);
                weights = with;
            }
        }
        WeightSource last = weights;
        Map<String, Source> all = new LinkedHashMap<>(tensors);
        changed.forEach(key -> all.put(key, merged(key, last)));
        return all;
    }

    private static Source merged(String key, WeightSource weights) {
        WeightSource.Held held = weights.held().get(key);
        Shape inLayer = Layout.inLayer(held.shape());
        return Source.made(key, held.dtype(), held.shape(), () -> Layout.toFile(weights.get(key, null, inLayer).to(held.dtype())));
    }

    @Override public void close() { files.forEach(f -> f.file.close()); }
}
