package dev.faithdiff.convert.command;

import dev.faithdiff.convert.file.TensorValues;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.system.Checksums;
import dev.faithdiff.convert.system.ConversionReport;
import dev.faithdiff.convert.system.NeededTensors;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code faithdiff verify}: checks that a model folder is complete. */
@Command(name = "verify", description = "Checks a model folder: every tensor that its networks need is there, has the right shape and holds finite "
        + "values; every file has the SHA-256 in the folder's SHA256SUMS, if there is one. Prints the checksums.")
public final class VerifyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODELDIR", description = "A folder made by convert or synth.")
    private Path folder;

    private final ConversionReport report = new ConversionReport();

    @Override public Integer call() throws IOException {
        for (var part : NeededTensors.inFolder(folder).entrySet()) weights(part.getKey(), part.getValue());
        Map<String, String> listed = Checksums.read(folder);
        Map<String, String> missing = new TreeMap<>(listed);
        for (String name : Checksums.names(folder)) {
            String sum = Checksums.of(folder.resolve(name)), expected = missing.remove(name);
            report.note(sum + "  " + name);
            if (expected != null && !expected.equals(sum)) report.problem(name + " has another SHA-256 than " + Checksums.FILE + " says");
            if (expected == null && !listed.isEmpty()) report.problem(name + " is not in " + Checksums.FILE);
        }
        missing.keySet().forEach(name -> report.problem("file " + ModelError.clean(name) + " is missing"));
        System.out.println(report);
        report.requireComplete();
        System.out.println(folder + " is complete" + (listed.isEmpty() ? "; it has no " + Checksums.FILE + " to compare with" : ""));
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
