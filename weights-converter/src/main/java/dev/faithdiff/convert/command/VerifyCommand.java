package dev.faithdiff.convert.command;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.TensorValues;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.pull.Pulled;
import dev.faithdiff.convert.pull.ModelRegistry;
import dev.faithdiff.convert.system.ConversionReport;
import dev.faithdiff.convert.system.NeededTensors;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code faithdiff verify}: checks that a model folder is complete. */
@Command(name = "verify", description = "Checks a model folder: every tensor that its networks need is there, has the right shape and holds finite "
        + "values; every file has the SHA-256 in the folder's SHA256SUMS, if there is one; a pulled model is made of the released files. Prints the "
        + "checksums. Of a file alone it says whether it is one that 'faithdiff pull' knows.")
public final class VerifyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", description = "A model folder, the name of an installed model, or a released file.")
    private Path folder;

    private final ConversionReport report = new ConversionReport();

    @Override public Integer call() throws IOException {
        if (Files.isRegularFile(folder)) return released();
        folder = ModelPlaces.of(folder);
        for (var part : NeededTensors.inFolder(folder).entrySet()) weights(part.getKey(), part.getValue());
        Map<String, String> listed = Checksums.read(folder);
        Map<String, String> missing = new TreeMap<>(listed);
        for (String name : Checksums.names(folder)) {
            String sum = Checksums.of(folder.resolve(name)), expected = missing.remove(name);
            report.note(sum + "  " + name);
            if (expected != null && !expected.equals(sum)) report.problem(name + " has another SHA-256 than " + Checksums.FILE + " says");
            if (expected == null && !listed.isEmpty()) report.problem(name + " is not in " + Checksums.FILE);
        }
        Pulled pulled = Pulled.read(folder);
        if (pulled != null) {
            report.note("pulled as " + ModelError.clean(pulled.name()) + ", under " + ModelError.clean(pulled.licences()));
            pulled.differing(ModelRegistry.load()).forEach(line -> report.problem(ModelError.clean(line)));
        }
        missing.keySet().forEach(name -> report.problem("file " + ModelError.clean(name) + " is missing"));
        System.out.println(report);
        report.requireComplete();
        System.out.println(folder + " is complete" + (listed.isEmpty() ? "; it has no " + Checksums.FILE + " to compare with" : ""));
        return 0;
    }

    /** Whether a file is a released one, by its SHA-256. */
    private int released() {
        ModelRegistry registry = ModelRegistry.load();
        String sum = Checksums.of(folder), name = folder.getFileName().toString();
        System.out.println(sum + "  " + folder);
        Map<String, ModelRegistry.Released> same = registry.released(name, sum), named = registry.released(name, null);
        named.values().removeIf(file -> file.sha256() == null);
        String known = named.entrySet().stream().map(e -> e.getKey() + " has the SHA-256 " + e.getValue().sha256()).collect(Collectors.joining(", "));
        if (!same.isEmpty()) System.out.println(folder + " is " + String.join(" and ", same.keySet()) + ", as released");
        else if (named.isEmpty()) System.out.println(folder + " is none of the released files whose SHA-256 this program knows");
        else throw new ConvertError(folder, "is not as released: " + known);
        return 0;
    }

    private void weights(String part, Map<String, Shape> needed) throws IOException {
        try (WeightFile file = WeightFile.open(folder.resolve(part).resolve("model.safetensors"))) {
            needed.forEach((key, shape) -> {
                Source t = file.tensors().get(key);
                if (t == null) report.problem(part + ": " + key + " is missing");
                else if (!t.shape().equals(shape)) report.problem(part + ": " + key + " is " + t.shape() + " but the model takes " + shape);
            });
            for (String key : KeyNames.unused(file.tensors(), needed)) {
                report.problem(part + ": " + ModelError.clean(key) + " is not part of the model");
            }
            for (Source t : file.tensors().values()) {
                long wrong = TensorValues.notFinite(t);
                if (wrong > 0) report.problem(part + ": " + ModelError.clean(t.name()) + " has " + wrong + " values that are infinite or NaN");
            }
            report.note(part + ": " + ConversionReport.sizes(file.tensors().values()));
        }
    }
}
