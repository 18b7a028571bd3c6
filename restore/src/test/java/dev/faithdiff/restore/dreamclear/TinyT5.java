package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** T5's encoder alone of a released folder. */
final class TinyT5 {
    private TinyT5() {}

    static Weights weights(Path folder) throws IOException { return Weights.open(file(folder), Device.CPU, DType.F32); }

    static Path file(Path folder) throws IOException {
        Path file = Files.createTempFile("t5", ".safetensors");
        try (WeightFile released = WeightFile.open(folder)) {
            Collection<Source> all = released.tensors().values();
            SafeTensors.write(file, all.stream().filter(t -> !t.name().equals("encoder.embed_tokens.weight")).toList(), Map.of());
        }
        return file;
    }
}
