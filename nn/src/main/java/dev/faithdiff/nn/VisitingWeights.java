package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/** Tensors of another source that come to a device when an op uses them and leave it again, as a {@link Residency} has it. */
final class VisitingWeights implements DerivedWeights {
    private final WeightSource source;
    private final Map<String, WeightGroup> parts;

    /** @param dtype as {@link Weights#of} takes it */
    VisitingWeights(WeightSource source, Residency residency, DType dtype) {
        this.source = source;
        parts = residency.parts(source, dtype);
    }

    @Override public WeightSource source() { return source; }

    @Override public Tensor get(String key, Init init, Shape shape) { return parts.get(key).tensor(key, shape); }
}
