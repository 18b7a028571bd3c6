package dev.faithdiff.convert.command;

import dev.faithdiff.convert.file.TensorValues;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code faithdiff diff}: shows how the tensors of two files, folders or models differ. */
@Command(name = "diff", description = "Compares tensors of the same names, whatever their element types, and prints those that differ. "
        + "A and B are files, folders with weights, or model folders. Exit code 0 if all tensors and values are equal, else 1.")
public final class DiffCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "A file, a folder with weights, or a model folder.")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "What A is compared with.")
    private Path second;

    @Override public Integer call() throws IOException {
        List<WeightFile> files = new ArrayList<>();
        try {
            Map<String, Source> a = open(first, files), b = open(second, files);
            long same = 0, differing = 0, alone = 0;
            for (Source t : a.values()) {
                Source other = b.get(t.name());
                if (other == null) {
                    alone++;
                    System.out.println(ModelError.clean(t.name()) + " " + t.shape() + ": only in " + first);
                } else if (compare(t, other)) same++;
                else differing++;
            }
            for (Source t : b.values()) {
                if (a.containsKey(t.name())) continue;
                alone++;
                System.out.println(ModelError.clean(t.name()) + " " + t.shape() + ": only in " + second);
            }
            System.out.println(same + " tensors are equal, " + differing + " differ, " + alone + " are only in one");
            return differing + alone == 0 ? 0 : 1;
        } finally {
            files.forEach(WeightFile::close);
        }
    }

    private static boolean compare(Source a, Source b) throws IOException {
        String name = ModelError.clean(a.name()) + ": ";
        if (!a.shape().equals(b.shape())) {
            System.out.println(name + a.shape() + " and " + b.shape());
            return false;
        }
        TensorValues.Difference d = TensorValues.difference(a, b);
        if (d.differing() == 0) return true;
        System.out.printf(Locale.ROOT, "%smax %.3g, mean %.3g, %d of %d values (%s, %s)%n", name, d.largest(), d.mean(), d.differing(),
                a.shape().count(), a.dtype(), b.dtype());
        return false;
    }

    /** The tensors by name; those of a model folder have the name of their part in front of their own. */
    private static Map<String, Source> open(Path path, List<WeightFile> files) {
        if (!ModelParts.isModel(path)) {
            files.add(WeightFile.open(path));
            return KeyNames.unwrap(files.getLast().tensors());
        }
        Map<String, Source> all = new LinkedHashMap<>();
        for (Path file : ModelParts.of(path)) {
            files.add(WeightFile.open(file));
            String part = path.relativize(file).getParent() == null ? "" : path.relativize(file).getParent() + "/";
            files.getLast().tensors().forEach((key, t) -> all.put(part + key, Views.renamed(t, part + key)));
        }
        return all;
    }
}
