package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Tensors of another source, moved to a device and converted to a type where needed.
 *
 * @param dtype the type that is asked for; null: each tensor's own
 */
record PlacedWeights(WeightSource source, Device device, DType dtype) implements DerivedWeights {
    @Override public Tensor get(String key, Init init, Shape shape) {
        Tensor t = source.get(key, init, shape);
        DType type = type(held() == null ? t.dtype() : held().get(key).dtype(), dtype);
        if (hasValues()) return t.to(type).to(device);
        return device == Device.CPU ? ShapeWeights.tensor(key, type, shape) : Tensor.empty(device, type, shape);
    }

    /** The type to keep a weight in: as asked, but 8 bits do not become 16, since kernels widen them at each use. */
    static DType type(DType held, DType asked) {
        boolean widens = held == DType.F8_E4M3 && asked != DType.F32;
        return asked == null || widens || !held.isFloating() ? held : asked;
    }
}
