package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.GeneratorFile;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Makes the model folder of a network that is a whole model by itself, from its one file. */
public final class GeneratorConverter implements Converter {
    private final Path source;
    private final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;
    private final WeightFile file;

    public GeneratorConverter(Path source, Precision precision) {
        this.source = source;
        plan = new ModelPlan(precision, report);
        file = WeightFile.open(source);
    }

    @Override public ConversionReport plan() {
        Map<String, Source> all = KeyNames.unwrap(file.tensors());
        Architecture kind = Architecture.of(all);
        GeneratorFile network = kind.generator();
        if (network == null) throw new ConvertError(source, "is " + kind + "; alone only an RRDBNet or SRVGGNetCompact can be converted");
        Map<String, Source> tensors = network.modern(all);
        JsonObject sizes = network.sizes(tensors);
        plan.file("model.json", ModelJson.generator(source, network.kind(), sizes));
        Map<String, Shape> needed = NeededTensors.generator(network, Config.of(source, sizes.toString()));
        plan.whole("generator", tensors, needed, source.getFileName().toString());
        reportRest(all);
        report.requireComplete();
        return report;
    }

    /** Reports tensors beside those of the network: another copy of it, what else its training saved, or such as are no part of it. */
    private void reportRest(Map<String, Source> all) {
        List<String> beside = file.tensors().keySet().stream().filter(k -> !KeyNames.copy(k, all.keySet())).toList();
        List<String> others = beside.stream().filter(k -> !KeyNames.training(k)).toList();
        for (String k : others) report.problem("generator: " + ModelError.clean(k) + " is not part of the model");
        int copies = file.tensors().size() - all.size() - beside.size(), training = beside.size() - others.size();
        if (copies > 0) report.note(copies + " tensors of another copy dropped");
        if (training > 0) report.note(training + " tensors of a discriminator or an optimizer dropped");
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    @Override public void close() { file.close(); }
}
