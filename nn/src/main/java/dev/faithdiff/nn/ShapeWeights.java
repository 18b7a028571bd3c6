package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/**
 * Tensors that have a shape and no memory; using one is an error.
 *
 * @param held the tensors of a model; null to have every tensor that a model asks for
 */
record ShapeWeights(String name, Map<String, Held> held) implements WeightSource {
    @Override public boolean hasValues() { return false; }

    @Override public Tensor get(String key, Init init, Shape shape) {
        return tensor(key, held == null ? DType.F32 : held.get(key).dtype(), shape);
    }

    static Tensor tensor(String key, DType dtype, Shape shape) {
        Storage none = new Storage(Device.CPU, 0, shape.count() * dtype.bytes(), null);
        none.forget();
        return new Tensor(none, 0, shape, dtype, key);
    }
}
