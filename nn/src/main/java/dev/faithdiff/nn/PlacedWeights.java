package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

    /** On a GPU one product can then take them all. */
    @Override public List<Tensor> together(List<String> keys, Init init, Shape shape) {
        if (device == Device.CPU) return null;
        try (Scope s = Scope.open()) {
            Tensor[] each = keys.stream().map(key -> get(key, init, shape)).toArray(Tensor[]::new);
            if (Stream.of(each).anyMatch(t -> t.dtype() != each[0].dtype())) return null;
            Tensor all = s.keep(Engine.run(new ConcatOp(0), each));
            return IntStream.range(0, each.length).mapToObj(i -> all.view(i * shape.count(), shape)).toList();
        }
    }

    /** The type to keep a weight in: as asked, but 8 bits do not become 16, since kernels widen them at each use. */
    static DType type(DType held, DType asked) {
        boolean widens = held == DType.F8_E4M3 && asked != DType.F32;
        return asked == null || widens || !held.isFloating() ? held : asked;
    }
}
