package dev.faithdiff.convert.command;

import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.GeneratorFile;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.system.ConversionReport;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code faithdiff inspect}: shows what a weight file holds. */
@Command(name = "inspect",
        description = "Shows the format, architecture, metadata and tensors of a weight file, of a folder with weights, of an index of shards, or of "
                + "each part of a model folder.")
public final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "File, folder with one model's weights, index of shards, or model folder.")
    private Path path;

    @Option(names = "--short", description = "Do not list the tensors.")
    private boolean brief;

    @Override public Integer call() {
        for (Path file : ModelParts.of(path)) inspect(file);
        return 0;
    }

    private void inspect(Path part) {
        try (WeightFile file = WeightFile.open(part)) {
            Map<String, Source> tensors = file.tensors();
            System.out.println(part + ": " + file.format());
            System.out.println("architecture: " + Architecture.of(tensors) + sizes(tensors));
            file.metadata().forEach((k, v) -> System.out.println("metadata " + ModelError.clean(k) + ": " + ModelError.clean(v)));
            System.out.println(ConversionReport.sizes(tensors.values()));
            if (brief) return;
            for (Source t : tensors.values()) {
                long bytes = t.shape().count() * t.dtype().bytes();
                System.out.println(ModelError.clean(t.name()) + " " + t.dtype() + t.shape() + " " + bytes + " bytes");
            }
        }
    }

    /** The sizes of a network that is a whole model by itself, and how many parameters it has. */
    private static String sizes(Map<String, Source> tensors) {
        GeneratorFile network = Architecture.of(tensors).generator();
        if (network == null) return "";
        Map<String, Source> inner = network.modern(KeyNames.unwrap(tensors));
        StringBuilder s = new StringBuilder();
        network.sizes(inner).asMap().forEach((name, number) -> s.append(", ").append(name.replace('_', ' ')).append(' ').append(number));
        return s + ", " + inner.values().stream().mapToLong(t -> t.shape().count()).sum() + " parameters";
    }
}
