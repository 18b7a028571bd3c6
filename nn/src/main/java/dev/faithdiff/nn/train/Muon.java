package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * For matrices, momentum whose direction is made orthogonal (Jordan et al. 2024); for all other parameters, {@link AdamW}. A convolution's
 * weight is the matrix {@code [out, kh * kw * in]}. Directions are scaled so that their values are as large as AdamW's (Liu et al. 2025,
 * "Muon is scalable for LLM training"), so one learning rate serves both.
 */
public final class Muon implements Optimizer {
    private static final int LEAST = 32, ITERATIONS = 5;
    private static final float MOMENTUM = 0.95f, SIZE = 0.2f, EPS = 1e-7f;
    private static final float A = 3.4445f, B = -4.775f, C = 2.0315f; // of Jordan's quintic, which brings singular values to 0.7..1.2

    private record Slot(String name, Tensor parameter, Tensor momentum, double learningRate) {}

    private final double weightDecay;
    private final List<Slot> slots = new ArrayList<>();
    private final AdamW others;
    private final Scope scope = Scope.detached();

    /** @throws OpError if a name is in two groups, or a matrix is stored narrower than F32 */
    public Muon(List<AdamW.Group> groups, AdamW.Settings settings) {
        weightDecay = settings.weightDecay();
        List<AdamW.Group> rest = new ArrayList<>();
        try (Scope _ = Scope.open()) {
            for (AdamW.Group g : groups) {
                Map<String, Tensor> left = new LinkedHashMap<>();
                g.parameters().forEach((name, p) -> {
                    if (matrix(p)) slots.add(slot(name, p, g.learningRate()));
                    else left.put(name, p);
                });
                rest.add(new AdamW.Group(left, g.learningRate()));
            }
        }
        others = new AdamW(rest, settings);
    }

    /** Layers from or to pixels, latents or single numbers are too narrow to profit. */
    private static boolean matrix(Tensor p) {
        return p.rank() >= 2 && Math.min(p.size(0), p.count() / p.size(0)) >= LEAST;
    }

    private Slot slot(String name, Tensor p, double learningRate) {
        if (p.dtype() != DType.F32) throw new OpError(p + " is no F32 parameter, which Muon needs");
        Shape flat = Shape.of(p.size(0), Math.toIntExact(p.count() / p.size(0)));
        return new Slot(name, p, scope.adopt(Tensor.zeros(p.device(), DType.F32, flat)), learningRate);
    }

    @Override public void step(Map<Tensor, Tensor> gradients, double rate, double scale) {
        others.step(gradients, rate, scale);
        for (Slot slot : slots) {
            Tensor gradient = gradients.get(slot.parameter);
            if (gradient != null) step(slot, gradient, rate * slot.learningRate, (float) scale);
        }
    }

    private void step(Slot slot, Tensor gradient, double rate, float scale) {
        try (Scope _ = Scope.open()) {
            Tensor m = slot.momentum, g = gradient.reshape(m.size(0), m.size(1)).mul(scale);
            Engine.update(new BinaryOp(BinaryOp.Kind.ADD), m, m.mul(MOMENTUM), g.mul(1 - MOMENTUM));
            Tensor direction = orthogonal(m.mul(MOMENTUM).add(g.mul(1 - MOMENTUM)));
            double size = rate * SIZE * Math.sqrt(Math.max(m.size(0), m.size(1)));
            Tensor p = slot.parameter, step = direction.mul((float) -size);
            Engine.update(new BinaryOp(BinaryOp.Kind.ADD), p, p.mul((float) (1 - rate * weightDecay)), step.view(0, p.shape()));
        }
    }

    /** A matrix with about the same singular vectors, whose singular values are near one; those that are zero stay zero. */
    static Tensor orthogonal(Tensor x) {
        boolean tall = x.size(0) > x.size(1);
        x = x.div(x.mul(x).sum(0, 1).sqrt().affine(1, EPS));
        for (int i = 0; i < ITERATIONS; i++) {
            Tensor square = x.matmul(x, tall, !tall);
            Tensor factor = square.matmul(square).mul(C).add(square.mul(B));
            x = x.mul(A).add(tall ? x.matmul(factor) : factor.matmul(x));
        }
        return x;
    }

    @Override public long steps() { return others.steps(); }

    @Override public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(others.state());
        for (Slot s : slots) state.put("momentum." + s.name, s.momentum);
        return state;
    }

    @Override public void restore(Map<String, Tensor> state, long steps) {
        TensorCopy.all(state, state());
        others.restore(others.state(), steps);
    }

    @Override public void close() {
        scope.close();
        others.close();
    }
}
