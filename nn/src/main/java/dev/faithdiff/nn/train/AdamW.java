package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AdamWOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adam with decoupled weight decay on every parameter (Loshchilov and Hutter 2019; torch.optim.AdamW). Moments are F32, on the
 * device of their parameters. A parameter that is stored narrower has an F32 master here, from which it is rounded after each step.
 */
public final class AdamW implements Optimizer {
    /** Parameters by name with one learning rate. */
    public record Group(Map<String, Tensor> parameters, double learningRate) {}

    public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
        /** The published scripts' settings. */
        public static Settings defaults() { return new Settings(0.9, 0.999, 1e-8, 0.01); }
    }

    /** @param master the parameter itself where it is F32 */
    private record Slot(String name, Tensor parameter, Tensor master, Tensor moments, double learningRate) {}

    private final Settings settings;
    private final List<Slot> slots = new ArrayList<>();
    private final Scope scope = Scope.detached();
    private long steps;

    /** @throws OpError if a name is in two groups */
    public AdamW(List<Group> groups, Settings settings) {
        this.settings = settings;
        Map<String, Tensor> seen = new LinkedHashMap<>();
        try (Scope _ = Scope.open()) {
            for (Group g : groups) {
                g.parameters.forEach((name, p) -> {
                    if (seen.put(name, p) != null) throw new OpError(name + " is in two groups of parameters");
                    slots.add(slot(name, p, g.learningRate));
                });
            }
        }
    }

    private Slot slot(String name, Tensor p, double learningRate) {
        Tensor moments = scope.adopt(Tensor.zeros(p.device(), DType.F32, Shape.of(2, Math.toIntExact(p.count()))));
        return new Slot(name, p, p.dtype() == DType.F32 ? p : scope.adopt(p.to(DType.F32)), moments, learningRate);
    }

    @Override public void step(Map<Tensor, Tensor> gradients, double rate, double scale) {
        steps++;
        AdamWOp.Moments moments = new AdamWOp.Moments(settings.beta1, settings.beta2, scale);
        for (Slot slot : slots) {
            Tensor gradient = gradients.get(slot.parameter);
            if (gradient == null) continue;
            AdamWOp op = new AdamWOp(rate * slot.learningRate, settings.beta1, settings.beta2, settings.epsilon, settings.weightDecay, steps);
            Engine.update(moments, slot.moments, slot.moments, gradient);
            Engine.update(op, slot.master, slot.master, slot.moments);
            if (slot.master != slot.parameter) Engine.update(new CastOp(slot.parameter.dtype()), slot.parameter, slot.master);
        }
    }

    @Override public long steps() { return steps; }

    /** {@code m.NAME} and {@code v.NAME}, and {@code master.NAME} of parameters stored narrower. */
    @Override public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (Slot s : slots) {
            long n = s.parameter.count();
            state.put("m." + s.name, s.moments.view(0, s.parameter.shape()));
            state.put("v." + s.name, s.moments.view(n, s.parameter.shape()));
            if (s.master != s.parameter) state.put("master." + s.name, s.master);
        }
        return state;
    }

    @Override public void restore(Map<String, Tensor> state, long steps) {
        TensorCopy.all(state, state());
        this.steps = steps;
    }

    @Override public void close() { scope.close(); }
}
