package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.TorchFile;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A file of torch.save as weights. */
final class TorchWeights {
    private record Named(String name, Source of) implements Source {
        @Override public DType dtype() { return of.dtype(); }

        @Override public Shape shape() { return of.shape(); }

        @Override public void writeTo(WritableByteChannel out) throws IOException { of.writeTo(out); }
    }

    private TorchWeights() {}

    /** @param choose the tensors to take, by the name they are to have; it is given them by name, without a wrapping state_dict */
    static Weights open(Path file, Function<Map<String, Source>, Map<String, Source>> choose) throws IOException {
        Path target = Files.createTempFile("weights", ".safetensors");
        try (TorchFile torch = TorchFile.open(file)) {
            Map<String, Source> tensors = new LinkedHashMap<>();
            torch.entries().forEach((name, entry) -> tensors.put(name.replaceFirst("^state_dict\\.", ""), entry));
            List<Source> sources = new ArrayList<>();
            choose.apply(tensors).forEach((name, source) -> sources.add(new Named(name, source)));
            SafeTensors.write(target, sources, Map.of());
        }
        target.toFile().deleteOnExit();
        return Weights.open(target, Device.CPU);
    }
}
