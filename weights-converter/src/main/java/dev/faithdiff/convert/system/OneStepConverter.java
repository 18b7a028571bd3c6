package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/** Makes the model folder of a system that changes the networks of Stable Diffusion by the LoRAs of one file. */
final class OneStepConverter implements Converter {
    /** What a system makes of its base and its file. */
    interface Parts {
        void add(OneStepConverter to);
    }

    final StableDiffusion base;
    final Precision precision;
    final ConversionReport report = new ConversionReport();
    private final ModelPlan plan;
    private final Path path;
    private final WeightFile file;
    private final Parts parts;
    private final String kind;

    /** @param kind of {@code model.json} @param architecture that the file must have */
    OneStepConverter(String kind, Release release, Path path, Architecture architecture, Precision precision, Parts parts) {
        this.kind = kind;
        this.path = path;
        this.precision = precision;
        this.parts = parts;
        plan = new ModelPlan(precision, report);
        base = StableDiffusion.open(release);
        try {
            file = WeightFile.open(path, architecture);
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    /** The file's tensors below a name. */
    Map<String, Source> of(String start) { return KeyNames.below(start, file.tensors()); }

    /** The file's name. */
    String name() { return path.getFileName().toString(); }

    /** Plans a part. @param origin where its tensors come from, in words */
    void part(String part, Map<String, Source> tensors, Map<String, Shape> needed, String origin) { plan.part(part, tensors, needed, origin); }

    /** Plans the configuration of a part of the base and returns it. */
    Config config(String part) { return plan.config(part, base.config(part, report)); }

    @Override public ConversionReport plan() {
        JsonObject none = new JsonObject();
        plan.file("model.json", ModelJson.whole(name() + " on " + base.name(), kind, none));
        plan.file("scheduler/scheduler_config.json", base.scheduler(report));
        parts.add(this);
        report.requireComplete();
        return report;
    }

    /** Plans the base's text encoder with its tokenizer. */
    void text() {
        Map<String, Shape> needed = NeededTensors.text(config(StableDiffusion.TEXT));
        plan.part(StableDiffusion.TEXT, base.tensors(StableDiffusion.TEXT), needed, base.name());
        plan.files(base.tokenizer(report));
    }

    /** Factors that change nothing of a part, as a network of other sizes would have, are problems. */
    void requireFactors(String part, Map<String, Source> factors) {
        if (factors.isEmpty()) report.problem(part + ": " + ModelError.clean(name()) + " has no LoRA for it");
    }

    @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

    @Override public void close() {
        base.close();
        file.close();
    }
}
