package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.RandomTensor;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes a model folder of random weights; the same seed gives the same bytes. */
public final class SyntheticModel implements Converter {
    private final Published architecture;
    private final long seed;
    private final Precision precision;
    private final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;

    public SyntheticModel(Published architecture, long seed, Precision precision) {
        this.architecture = architecture;
        this.seed = seed;
        this.precision = precision;
        plan = new ModelPlan(precision, report);
    }

    @Override public ConversionReport plan() {
        ReleasedSystem system = ReleasedSystem.ofKind(architecture.kind());
        if (system == null) faithDiff();
        else released(system);
        report.requireComplete();
        return report;
    }

    private void released(ReleasedSystem system) {
        Config model = architecture.config("model");
        plan.file("model.json", ModelJson.whole(origin(), system.kind(), model.json()));
        if (architecture.has("scheduler")) plan.file("scheduler/scheduler_config.json", Published.text(architecture.config("scheduler").json()));
        system.needed(model, this::config).forEach(this::part);
        plan.files(system.publishedFiles());
        if (!architecture.text) return;
        if (architecture.has(Sdxl.TEXT.getLast())) tokenizers();
        else plan.files(ByteTokenizer.files("tokenizer", architecture.config(StableDiffusion.TEXT).integer("vocab_size"), "!"));
    }

    private void faithDiff() {
        Config added = architecture.config("faithdiff");
        plan.file("model.json", ModelJson.text(origin(), added.json()));
        plan.file("scheduler/scheduler_config.json", Published.text(architecture.config("scheduler").json()));
        part("unet", NeededTensors.alignedUnet(architecture.config("unet"), added));
        part("vae", NeededTensors.vae(architecture.config("vae")));
        if (architecture.text) text();
    }

    private String origin() { return "synth " + architecture + " seed " + seed; }

    private void text() {
        for (String p : Sdxl.TEXT) part(p, NeededTensors.text(architecture.config(p)));
        tokenizers();
    }

    private void tokenizers() {
        int vocabulary = architecture.config(Sdxl.TEXT.getFirst()).integer("vocab_size");
        plan.files(ByteTokenizer.files("tokenizer", vocabulary, "<|endoftext|>"));
        plan.files(ByteTokenizer.files("tokenizer_2", vocabulary, "!"));
    }

    private Config config(String part) {
        return GroupedTensors.said(architecture.config(part), precision.groupBits(part));
    }

    private void part(String part, Map<String, Shape> shapes) {
        if (architecture.has(part)) plan.file(part + "/config.json", Published.text(config(part).json()));
        Map<String, Source> tensors = new LinkedHashMap<>();
        shapes.forEach((key, shape) -> tensors.put(key, GroupedTensors.isPartOfOne(key, shapes)
                ? new RandomGroups(key, shape, shapes, seed) : new RandomTensor(key, DType.F32, shape, seed, part)));
        plan.part(part, tensors, shapes, "seed " + seed);
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    @Override public void close() { }
}
