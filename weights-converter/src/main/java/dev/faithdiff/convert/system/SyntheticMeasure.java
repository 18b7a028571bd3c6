package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.RandomTensor;
import dev.faithdiff.convert.names.MeasureFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the network of a measure with released sizes and random weights, to measure time and memory with; the same seed gives the same bytes. */
public final class SyntheticMeasure implements Converter {
    /** Layers and channels of torchvision's vgg16 and alexnet. */
    private static final int[][] VGG = {{0, 64}, {2, 64}, {5, 128}, {7, 128}, {10, 256}, {12, 256}, {14, 256}, {17, 512}, {19, 512}, {21, 512},
        {24, 512}, {26, 512}, {28, 512}}, ALEXNET = {{0, 64}, {3, 192}, {6, 384}, {8, 256}, {10, 256}};
    private static final Map<String, int[][]> SIZES = Map.of("lpips-alex", ALEXNET, "lpips-vgg", VGG, "dists", VGG);

    private final MeasureFiles layout;
    private final long seed;
    private final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;

    /** @throws ConvertError if the sizes of such a network are not known here */
    public SyntheticMeasure(String kind, long seed, Precision precision) {
        layout = MeasureFiles.of(kind);
        if (!SIZES.containsKey(kind)) throw new ConvertError("random networks of measures are " + String.join(", ", kinds()) + ", not " + kind);
        this.seed = seed;
        plan = new ModelPlan(precision, report);
    }

    /** The kinds that can be made. */
    public static List<String> kinds() { return SIZES.keySet().stream().sorted().toList(); }

    @Override public ConversionReport plan() {
        Map<String, Shape> sizes = new LinkedHashMap<>();
        for (int[] layer : SIZES.get(layout.kind())) {
            sizes.put("features." + layer[0] + ".weight", Shape.of(layer[1], 1, 1, 1)); // only channels are read
        }
        Config settings = Config.of(Path.of(layout.kind()), layout.settings().toString());
        Map<String, Shape> needed = NeededTensors.of(layout.kind(), w -> layout.build(w, new NamedShapes(sizes), settings));
        Map<String, Source> tensors = new LinkedHashMap<>();
        needed.forEach((name, shape) -> tensors.put(name, new RandomTensor(name, DType.F32, shape, seed, MeasureConverter.PART)));
        String origin = "synth " + layout.kind() + " seed " + seed;
        plan.file("model.json", ModelJson.whole(origin, layout.kind(), layout.settings()));
        plan.whole(MeasureConverter.PART, tensors, needed, origin);
        report.requireComplete();
        return report;
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    @Override public void close() { }
}
