package dev.faithdiff.train;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Adds losses and gradients of all workers of a step. Many gradients travel together, in bundles of some megabytes. */
final class GradientSums {
    private static final int BUNDLE = 4 << 20;

    private final Workers workers;
    private final List<Tensor> parameters;

    /** @param parameters in the same order for each worker */
    GradientSums(Workers workers, Collection<Tensor> parameters) {
        this.workers = workers;
        this.parameters = List.copyOf(parameters);
    }

    /**
     * Puts everyone's sums in the place of this worker's.
     *
     * @param losses one for each batch of the step, 0 where another worker had the batch
     * @param sums   gradients by parameter, to which missing ones are added
     * @param total  number of the step
     * @throws IllegalStateException if workers are at different steps
     */
    void add(float[] losses, Map<Tensor, Tensor> sums, long total) {
        if (workers.count() == 1) return;
        int n = losses.length, at = n + parameters.size();
        float[] said = Arrays.copyOf(losses, at + 1);
        for (int i = 0; i < parameters.size(); i++) said[n + i] = sums.containsKey(parameters.get(i)) ? 1 : 0;
        float mine = said[at] = total % (1 << 16);
        workers.sum(said);
        if (said[at] != mine * workers.count()) throw new IllegalStateException("workers are at different steps: not all see the same folder");
        System.arraycopy(said, 0, losses, 0, n);
        List<Tensor> bundle = new ArrayList<>();
        long length = 0;
        for (int i = 0; i < parameters.size(); i++) {
            if (said[n + i] == 0) continue; // no worker has a gradient
            Tensor p = parameters.get(i), gradient = sums.computeIfAbsent(p, _ -> Tensor.zeros(p.device(), p.dtype(), p.shape()));
            if (length > 0 && length + gradient.count() > BUNDLE) {
                add(bundle);
                bundle.clear();
                length = 0;
            }
            bundle.add(gradient);
            length += gradient.count();
        }
        add(bundle);
    }

    private void add(List<Tensor> bundle) {
        int length = 0, from = 0;
        for (Tensor g : bundle) length += Math.toIntExact(g.count());
        float[] values = new float[length];
        for (Tensor g : bundle) {
            System.arraycopy(g.toFloats(), 0, values, from, (int) g.count());
            from += (int) g.count();
        }
        workers.sum(values);
        from = 0;
        for (Tensor g : bundle) {
            try (Scope _ = Scope.open()) {
                Tensor sum = Tensor.of(Arrays.copyOfRange(values, from, from += (int) g.count()), g.shape().toArray());
                Engine.update(new AffineOp(1, 0), g, sum.to(g.device()));
            }
        }
    }
}
