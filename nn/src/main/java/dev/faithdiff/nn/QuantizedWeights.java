package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/** Tensors of another source on the CPU, of which linear layers get their weights in 8 bits. Nothing else may change what this gives. */
record QuantizedWeights(WeightSource source) implements DerivedWeights {
    @Override public Tensor get(String key, Init init, Shape shape) { return source.get(key, init, shape); }

    @Override public Quantized quantized(String key, Shape shape) {
        boolean isWide = hasValues() && held() != null && held().get(key).dtype().bytes() > 1;
        return isWide ? Quantized.of(source.get(key, null, shape)) : null;
    }
}
