package dev.faithdiff.convert;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code faithdiff synth}: a model of random weights, for measuring without the released ones. */
@Command(name = "synth", sortOptions = false, description = "Writes a model folder of random weights: the same seed gives the same bytes. "
        + "It restores nothing; it is for measuring time and memory.")
final class SynthCommand implements Callable<Integer> {
    @Option(names = "--arch", required = true, paramLabel = "ARCH",
            description = "${COMPLETION-CANDIDATES}: full FaithDiff on SDXL, or the small model's sizes.")
    private Published architecture;

    @Mixin private Output output;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "Decides all values (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--dtype", defaultValue = "f16", paramLabel = "TYPE", converter = ConvertCommand.Types.class,
            description = "Element type to store, as in convert (default: ${DEFAULT-VALUE}).")
    private Precision precision;

    @Override public Integer call() {
        output.check();
        ConversionReport report = new ConversionReport();
        ModelPlan plan = new ModelPlan(precision, report);
        Config added = architecture.config("faithdiff"), unet = architecture.config("unet");
        plan.file("model.json", ModelJson.text("synth " + architecture + " seed " + seed, added.json()));
        plan.file("scheduler/scheduler_config.json", Published.text(architecture.config("scheduler").json()));
        part(plan, "unet", NeededTensors.alignedUnet(unet, added));
        part(plan, "vae", NeededTensors.vae(architecture.config("vae")));
        if (architecture.text) {
            for (String p : Sdxl.TEXT) part(plan, p, NeededTensors.text(architecture.config(p)));
            int vocabulary = architecture.config(Sdxl.TEXT.getFirst()).integer("vocab_size");
            plan.files(ByteTokenizer.files("tokenizer", vocabulary, "<|endoftext|>"));
            plan.files(ByteTokenizer.files("tokenizer_2", vocabulary, "!"));
        }
        report.requireComplete();
        output.write(report, folder -> plan.write(folder, Progress.terminal()));
        return 0;
    }

    private void part(ModelPlan plan, String part, Map<String, Shape> shapes) {
        plan.file(part + "/config.json", Published.text(architecture.config(part).json()));
        Map<String, Source> tensors = new LinkedHashMap<>();
        shapes.forEach((key, shape) -> tensors.put(key, new RandomTensor(key, DType.F32, shape, seed, part)));
        plan.part(part, tensors, shapes, "seed " + seed);
    }
}
