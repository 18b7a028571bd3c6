package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/** Tensors of another source that a {@link Residency} moves to a device when an op uses them, and away again. */
final class VisitingWeights implements DerivedWeights {
    private final WeightSource source;
    private final Map<String, WeightGroup> groups;

    /** @param dtype as {@link Weights#of} takes it */
    VisitingWeights(WeightSource source, Residency residency, DType dtype) {
        this.source = source;
        groups = residency.groups(source, dtype);
    }

    @Override public WeightSource source() { return source; }

    @Override public Tensor get(String key, Init init, Shape shape) { return groups.get(key).tensor(key, shape); }
}
