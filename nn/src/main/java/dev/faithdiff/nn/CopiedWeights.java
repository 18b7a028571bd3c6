package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/**
 * Matrices and kernels that are copies of parts of one tensor, scaled by one over the root of their inputs. Other tensors are drawn.
 *
 * @param values standard normal values, as many as the largest weight has
 */
record CopiedWeights(Tensor values, DrawnWeights others) implements WeightSource {
    @Override public String name() { return "copied weights"; }

    @Override public Map<String, Held> held() { return null; }

    @Override public Tensor get(String key, Init init, Shape shape) {
        if (shape.rank() < 2) return others.get(key, init, shape);
        return values.view(0, shape).mul((float) Math.sqrt(shape.size(0) / (double) shape.count()));
    }
}
