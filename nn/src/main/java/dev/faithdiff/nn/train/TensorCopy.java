package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;

/** Copies values into existing tensors. */
final class TensorCopy {
    private TensorCopy() {}

    /** Fills each target from the source of its name, of any device. @throws OpError if one is missing or misshapen; then none is filled */
    static void all(Map<String, Tensor> from, Map<String, Tensor> to) {
        to.forEach((name, target) -> {
            Tensor source = from.get(name);
            if (source == null) throw new OpError(name + " is missing");
            if (!source.shape().equals(target.shape()) || source.dtype() != target.dtype()) {
                throw new OpError(name + " is " + source + ", not " + target.dtype() + target.shape());
            }
        });
        to.forEach((name, target) -> {
            try (Scope _ = Scope.open()) {
                Engine.update(new AffineOp(1, 0), target, from.get(name).to(target.device()));
            }
        });
    }
}
