package dev.faithdiff.quality;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A network of a model folder whose sizes are those of its tensors, with its weights. */
record MeasureNetwork<T>(T network, Weights weights) implements AutoCloseable {
    private static final String PART = "measure";

    /** Builds a network. */
    interface Build<T> {
        T of(Weights w, NamedShapes shapes, Config settings);
    }

    /**
     * Opens a folder.
     *
     * @throws ModelError if it is of another kind, or its tensors are not those of such a network
     * @throws dev.faithdiff.nn.WeightsError if a tensor is missing, of another shape or not used
     */
    static <T> MeasureNetwork<T> open(Path folder, String kind, Device device, Build<T> build) {
        Config settings = new ModelFolder(folder).description();
        if (!settings.text("kind").equals(kind)) throw settings.wrong("kind", "'" + kind + "'");
        Path file = folder.resolve(PART).resolve("model.safetensors");
        NamedShapes shapes = shapes(file);
        Weights w = Weights.open(file, device);
        try {
            T network = build.of(w, shapes, settings);
            w.done();
            return new MeasureNetwork<>(network, w);
        } catch (IllegalArgumentException e) {
            w.close();
            throw new ModelError(file, "holds no tensors of " + kind + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            w.close();
            throw e;
        }
    }

    private static NamedShapes shapes(Path file) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try (SafeTensors tensors = SafeTensors.open(file)) {
            tensors.entries().forEach((name, t) -> shapes.put(name, t.shape()));
        }
        return new NamedShapes(shapes);
    }

    @Override public void close() { weights.close(); }
}
