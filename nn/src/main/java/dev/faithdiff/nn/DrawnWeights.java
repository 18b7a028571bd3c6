package dev.faithdiff.nn;

import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/** F32 tensors in host memory, drawn by each layer's {@link Init} in the order in which they are asked for. */
record DrawnWeights(Rng rng) implements WeightSource {
    @Override public String name() { return "drawn weights"; }

    @Override public Map<String, Held> held() { return null; }

    @Override public Tensor get(String key, Init init, Shape shape) { return Tensor.of(init.draw(shape, rng), shape.toArray()); }
}
