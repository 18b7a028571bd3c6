package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Tensors of another source in memory that may be written to: those that are mapped from a file are copied. */
record OwnWeights(WeightSource source) implements DerivedWeights {
    @Override public Tensor get(String key, Init init, Shape shape) {
        Tensor t = source.get(key, init, shape);
        MemorySegment memory = t.storage().segment();
        return memory != null && memory.isReadOnly() ? t.mul(1) : t;
    }
}
