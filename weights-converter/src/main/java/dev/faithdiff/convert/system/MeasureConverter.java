package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.names.MeasureFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Makes the model folder of a measure, from its released files in any order. */
public final class MeasureConverter implements Converter {
    /** The part of the folder that holds all tensors. */
    static final String PART = "measure";

    private final MeasureFiles layout;
    private final List<Path> sources;
    private final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;
    private final List<WeightFile> files = new ArrayList<>();

    public MeasureConverter(MeasureFiles layout, List<Path> sources, Precision precision) {
        this.layout = layout;
        this.sources = sources;
        plan = new ModelPlan(precision, report);
        try {
            for (Path source : sources) files.add(WeightFile.open(source));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override public ConversionReport plan() {
        Map<String, Source> tensors = layout.tensors(files.stream().map(WeightFile::tensors).toList());
        JsonObject settings = layout.settings();
        String names = sources.stream().map(p -> p.toAbsolutePath().normalize().getFileName().toString()).collect(Collectors.joining(", "));
        plan.file("model.json", ModelJson.whole(names, layout.kind(), settings));
        Map<String, Shape> needed = NeededTensors.measure(layout, tensors, Config.of(Path.of(names), settings.toString()));
        plan.whole(PART, tensors, needed, names);
        report.requireComplete();
        return report;
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    @Override public void close() { files.forEach(WeightFile::close); }
}
